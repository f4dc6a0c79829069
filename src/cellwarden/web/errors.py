"""Errors of the interface: one shape for all, a code for programs and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cellwarden.core.errors import CellwardenError

__all__ = ["ApiError", "ErrorAnswer", "ErrorBody", "add_error_handlers", "error_response"]


class ErrorBody(BaseModel):
    """What went wrong: `code` for programs, `message` for people, `where` names the parameter."""

    code: str
    message: str
    where: str | None = None


class ErrorAnswer(BaseModel):
    """The answer to a request that was refused."""

    error: ErrorBody


class ApiError(CellwardenError):
    """A request that is refused, with its HTTP status."""

    def __init__(
        self, status: int, code: str, message: str, *, where: str | None = None, retry_after_second: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = ErrorBody(code=code, message=message, where=where)
        self.headers = {} if retry_after_second is None else {"Retry-After": str(max(1, round(retry_after_second)))}


def error_response(
    status: int, code: str, message: str, *, where: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as it leaves the process."""
    answer = ErrorAnswer(error=ErrorBody(code=code, message=message, where=where))
    return JSONResponse(answer.model_dump(), status_code=status, headers=dict(headers or {}))


def add_error_handlers(app: FastAPI) -> None:
    """Give every refusal of the application the one shape."""

    @app.exception_handler(ApiError)
    async def refused(_request: Request, error: ApiError) -> JSONResponse:
        body = error.body
        return error_response(error.status, body.code, body.message, where=body.where, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return error_response(422, "malformed", f"{where}: {first['msg']}.", where=where)

    @app.exception_handler(HTTPException)
    async def other(_request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        return error_response(
            status, status.name.lower(), f"{error.detail or status.phrase}.", headers=error.headers or {}
        )

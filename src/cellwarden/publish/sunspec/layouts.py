"""The battery models 802 to 805 point by point, after the SunSpec Alliance's model definitions (Apache-2.0).

A point is `name:type` or `name:type:scale factor`. Types: u uint16, s int16, e enum16, b bitfield32, l uint32, f scale
factor, t string of 16 registers, p pad.
"""

from __future__ import annotations

__all__ = ["LAYOUTS", "REPEATED"]

LAYOUTS: dict[int, str] = {
    802: (
        "AHRtg:u:AHRtg_SF WHRtg:u:WHRtg_SF WChaRteMax:u:WChaDisChaMax_SF WDisChaRteMax:u:WChaDisChaMax_SF "
        "DisChaRte:u:DisChaRte_SF SoCMax:u:SoC_SF SoCMin:u:SoC_SF SocRsvMax:u:SoC_SF SoCRsvMin:u:SoC_SF SoC:u:SoC_SF "
        "DoD:u:DoD_SF SoH:u:SoH_SF NCyc:l ChaSt:e LocRemCtl:e Hb:u CtrlHb:u AlmRst:u Typ:e State:e StateVnd:e "
        "WarrDt:l Evt1:b Evt2:b EvtVnd1:b EvtVnd2:b V:u:V_SF VMax:u:V_SF VMin:u:V_SF CellVMax:u:CellV_SF "
        "CellVMaxStr:u CellVMaxMod:u CellVMin:u:CellV_SF CellVMinStr:u CellVMinMod:u CellVAvg:u:CellV_SF A:s:A_SF "
        "AChaMax:u:AMax_SF ADisChaMax:u:AMax_SF W:s:W_SF ReqInvState:e ReqW:s:W_SF SetOp:e SetInvState:e AHRtg_SF:f "
        "WHRtg_SF:f WChaDisChaMax_SF:f DisChaRte_SF:f SoC_SF:f DoD_SF:f SoH_SF:f V_SF:f CellV_SF:f A_SF:f AMax_SF:f "
        "W_SF:f"
    ),
    803: (
        "NStr:u NStrCon:u ModTmpMax:s:ModTmp_SF ModTmpMaxStr:u ModTmpMaxMod:u ModTmpMin:s:ModTmp_SF ModTmpMinStr:u "
        "ModTmpMinMod:u ModTmpAvg:s:ModTmp_SF StrVMax:u:V_SF StrVMaxStr:u StrVMin:u:V_SF StrVMinStr:u StrVAvg:u:V_SF "
        "StrAMax:s:A_SF StrAMaxStr:u StrAMin:s:A_SF StrAMinStr:u StrAAvg:s:A_SF NCellBal:u CellV_SF:f ModTmp_SF:f "
        "A_SF:f SoH_SF:f SoC_SF:f V_SF:f"
    ),
    804: (
        "Idx:u NMod:u St:b ConFail:e NCellBal:u SoC:u:SoC_SF DoD:u:DoD_SF NCyc:l SoH:u:SoH_SF A:s:A_SF V:u:V_SF "
        "CellVMax:u:CellV_SF CellVMaxMod:u CellVMin:u:CellV_SF CellVMinMod:u CellVAvg:u:CellV_SF ModTmpMax:s:ModTmp_SF "
        "ModTmpMaxMod:u ModTmpMin:s:ModTmp_SF ModTmpMinMod:u ModTmpAvg:s:ModTmp_SF Pad1:p ConSt:b Evt1:b Evt2:b "
        "EvtVnd1:b EvtVnd2:b SetEna:e SetCon:e SoC_SF:f SoH_SF:f DoD_SF:f A_SF:f V_SF:f CellV_SF:f ModTmp_SF:f Pad2:p "
        "Pad3:p Pad4:p"
    ),
    805: (
        "StrIdx:u ModIdx:u NCell:u SoC:u:SoC_SF DoD:u:DoD_SF SoH:u:SoH_SF NCyc:l V:u:V_SF CellVMax:u:CellV_SF "
        "CellVMaxCell:u CellVMin:u:CellV_SF CellVMinCell:u CellVAvg:u:CellV_SF CellTmpMax:s:Tmp_SF CellTmpMaxCell:u "
        "CellTmpMin:s:Tmp_SF CellTmpMinCell:u CellTmpAvg:s:Tmp_SF NCellBal:u SN:t SoC_SF:f SoH_SF:f DoD_SF:f V_SF:f "
        "CellV_SF:f Tmp_SF:f"
    ),
}

REPEATED: dict[int, str] = {
    803: (
        "StrNMod:u StrSt:b StrConFail:e StrSoC:u:SoC_SF StrSoH:u:SoH_SF StrA:s:A_SF StrCellVMax:u:CellV_SF "
        "StrCellVMaxMod:u StrCellVMin:u:CellV_SF StrCellVMinMod:u StrCellVAvg:u:CellV_SF StrModTmpMax:s:ModTmp_SF "
        "StrModTmpMaxMod:u StrModTmpMin:s:ModTmp_SF StrModTmpMinMod:u StrModTmpAvg:s:ModTmp_SF StrDisRsn:e StrConSt:b "
        "StrEvt1:b StrEvt2:b StrEvtVnd1:b StrEvtVnd2:b StrSetEna:e StrSetCon:e Pad1:p Pad2:p"
    ),
    804: (
        "ModNCell:u ModSoC:u:SoC_SF ModSoH:u:SoH_SF ModCellVMax:u:CellV_SF ModCellVMaxCell:u ModCellVMin:u:CellV_SF "
        "ModCellVMinCell:u ModCellVAvg:u:CellV_SF ModCellTmpMax:s:ModTmp_SF ModCellTmpMaxCell:u "
        "ModCellTmpMin:s:ModTmp_SF ModCellTmpMinCell:u ModCellTmpAvg:s:ModTmp_SF Pad5:p Pad6:p Pad7:p"
    ),
    805: "CellV:u:CellV_SF CellTmp:s:Tmp_SF CellSt:b",
}

"""camt.053 as different banks write it, and as none does."""

from datetime import date

import pytest

from tests.trade.banks import CAMT, camt, fee, paid, statement
from umbane.trade.statements import Balance, BankEntry, Party, Statement, StatementError, read_statements
from umbane.trade.statements.errors import (
    BalanceError,
    CurrencyError,
    DangerousXmlError,
    EncodingError,
    MalformedError,
    TruncatedError,
    UnknownFormatError,
    ValueFormatError,
)

DAY = date(2026, 3, 31)
END = b"</Stmt></BkToCstmrStmt></Document>"
PAGE = "<StmtPgntn><PgNb>{}</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn><TxsSummry>"

BATCH = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<Document xmlns="{CAMT.format(8)}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <BkToCstmrStmt><GrpHdr><MsgId>M260331</MsgId><CreDtTm>2026-03-31T22:00:00+02:00</CreDtTm></GrpHdr>
 <Stmt>
  <Id>S-2026-90</Id><StmtPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></StmtPgntn><ElctrncSeqNb>90</ElctrncSeqNb>
  <Acct><Id><IBAN>DE02 1203 0000 0000 2020 51</IBAN></Id><Ccy>EUR</Ccy></Acct>
  <Bal><Tp><CdOrPrtry><Cd>CLAV</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
   <Dt><Dt>2026-03-31</Dt></Dt></Bal>
  <Bal><Tp><CdOrPrtry><Cd>PRCD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10.5</Amt><CdtDbtInd>DBIT</CdtDbtInd>
   <Dt><Dt>2026-03-30</Dt></Dt></Bal>
  <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">139.5</Amt><CdtDbtInd>CRDT</CdtDbtInd>
   <Dt><DtTm>2026-03-31T23:59:59Z</DtTm></Dt></Bal>
  <TxsSummry><TtlNtries><NbOfNtries>1</NbOfNtries></TtlNtries>
   <TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>150.00</Sum></TtlCdtNtries>
   <TtlDbtNtries><NbOfNtries>0</NbOfNtries><Sum>0</Sum></TtlDbtNtries></TxsSummry>
  <Ntry><Amt Ccy="EUR">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
   <BookgDt><DtTm>2026-03-31T09:00:00</DtTm></BookgDt><AcctSvcrRef>B77</AcctSvcrRef>
   <NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
    <TxDtls><Refs><EndToEndId>V-001</EndToEndId></Refs><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
     <RltdPties><Dbtr><Pty><Nm>Gerda Müller</Nm></Pty></Dbtr>
      <DbtrAcct><Id><IBAN>DE75 5121 0800 1245 1261 99</IBAN></Id></DbtrAcct></RltdPties>
     <RmtInf><Strd><CdtrRefInf><Ref>RF18V001</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
    <TxDtls><Refs><AcctSvcrRef>B77-2</AcctSvcrRef></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">50</Amt></TxAmt></AmtDtls>
     <RmtInf><Ustrd>Kiosk </Ustrd><Ustrd>V-002</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
  <Ntry><Amt Ccy="EUR">999</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>
 </Stmt></BkToCstmrStmt></Document>
""".encode("iso8859-1")


def test_as_banks_write_it() -> None:
    """Payments that a bank booked together are taken one by one; pending entries and other balances don't count."""
    assert read_statements(BATCH) == [
        Statement(
            "DE02120300000000202051",
            "EUR",
            "S-2026-90",
            90,
            Balance(date(2026, 3, 30), -1050),
            Balance(DAY, 13_950),
            (
                BankEntry(
                    "B77/1",
                    "V-001",
                    DAY,
                    DAY,
                    10_000,
                    text="RF18V001",
                    party=Party("Gerda Müller", "DE75512108001245126199"),
                ),
                BankEntry("B77-2", "", DAY, DAY, 5000, text="Kiosk V-002"),
            ),
        )
    ]


def test_batch_without_reference() -> None:
    """Parts of an entry to which the bank gave no reference have none."""
    content = BATCH.replace(b"<AcctSvcrRef>B77</AcctSvcrRef>", b"")
    assert [it.reference for it in read_statements(content)[0].entries] == ["", "B77-2"]


def test_batch_going_out() -> None:
    """Parts of what went out go out."""
    content = BATCH.replace(b"<Sum>150.00", b"<Sum>0").replace(b"<Sum>0</Sum></TtlD", b"<Sum>150</Sum></TtlD")
    content = content.replace(b"<NbOfNtries>1</NbOfNtries><Sum>", b"<NbOfNtries>0</NbOfNtries><Sum>")
    content = content.replace(b"<NbOfNtries>0</NbOfNtries><Sum>150", b"<NbOfNtries>1</NbOfNtries><Sum>150")
    content = content.replace(b"150.00</Amt><CdtDbtInd>CRDT", b"150.00</Amt><CdtDbtInd>DBIT")
    content = content.replace(b"139.5</Amt><CdtDbtInd>CRDT", b"160.5</Amt><CdtDbtInd>DBIT")
    assert [it.amount for it in read_statements(content)[0].entries] == [-10_000, -5000]


def test_batch_without_amounts() -> None:
    """An entry whose parts have no amounts stays one, with all that was written."""
    content = BATCH.replace(b'<AmtDtls><TxAmt><Amt Ccy="EUR">50</Amt></TxAmt></AmtDtls>', b"")
    [entry] = read_statements(content)[0].entries
    assert (entry.reference, entry.amount, entry.text) == ("B77", 15_000, "RF18V001 Kiosk V-002")


def test_parts_that_do_not_add_up() -> None:
    """An entry whose parts are together another amount is refused."""
    with pytest.raises(BalanceError, match=r"NtryDtls: its parts are 151\.00 and not 150\.00"):
        read_statements(BATCH.replace(b">50</Amt>", b">51</Amt>"))


def test_without_details() -> None:
    """An entry may come without any details; what the bank adds is its text."""
    content = BATCH[: BATCH.index(b"<NtryDtls>")] + b"<AddtlNtryInf>CASH</AddtlNtryInf></Ntry>" + END
    [entry] = read_statements(content)[0].entries
    assert (entry.text, entry.amount) == ("CASH", 15_000)


def test_currency_of_the_balance() -> None:
    """Where the account says no currency, that of its balance counts."""
    assert read_statements(BATCH.replace(b"<Ccy>EUR</Ccy>", b""))[0].currency == "EUR"


def test_other_encodings() -> None:
    """A document may come in UTF-16 or with a byte-order mark."""
    it = statement(paid("A", 1, "é"))
    text = camt(it).decode()
    assert read_statements(text.encode("utf-8-sig")) == [it]
    assert read_statements(text.replace("UTF-8", "UTF-16").encode("utf-16")) == [it]


BOMB = """<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
OUTSIDE = """<!DOCTYPE Document [<!ENTITY a SYSTEM "hostname">]>"""
DTD = """<!DOCTYPE Document SYSTEM "http://localhost/camt.dtd">"""


@pytest.mark.parametrize("declared", [BOMB, OUTSIDE, DTD, "<!DOCTYPE Document>"])
def test_document_types(declared: str) -> None:
    """A document type is refused where it stands, before any entity is declared, expanded or fetched."""
    with pytest.raises(DangerousXmlError, match="line 2, DOCTYPE: it declares 'Document'"):
        read_statements(camt(statement(paid("A", 1, "T")), declared=declared).replace(b">T<", b">T&a;<"))


def test_entity_without_declaration() -> None:
    """An entity that nobody declared is refused."""
    with pytest.raises(MalformedError, match="it isn't XML"):
        read_statements(camt(statement(paid("A", 1, "T"))).replace(b">T<", b">T&a;<"))


def test_characters_beside_elements() -> None:
    """Characters that stand beside elements say nothing."""
    it = statement(paid("A", 1, "T"))
    assert read_statements(camt(it, extra="and so on")) == [it]


def test_nesting() -> None:
    """Elements that are nested without end are refused."""
    with pytest.raises(DangerousXmlError, match="nested, or repeated"):
        read_statements(camt(statement(), extra="<A>" * 10**5))


@pytest.mark.parametrize(
    ("old", "new", "reason", "where"),
    [
        ("camt.053.001.08", "camt.053.001.14", UnknownFormatError, "no camt.053 of the versions 1 to 13"),
        ("camt.053.001.08", "camt.052.001.08", UnknownFormatError, "line 2, Document"),
        ("BkToCstmrStmt", "BkToCstmrAcctRpt", MalformedError, "there is no statement in it"),
        ("</Stmt>", "", MalformedError, "it isn't XML"),
        ("UTF-8", "UTF-7", EncodingError, "line 1, file: its encoding can't be read"),
        ("UTF-8", "rubbish", EncodingError, "line 1, file: its encoding can't be read"),
        (">T<", "><![CDATA[", TruncatedError, "it ends within an element"),
        ("<ElctrncSeqNb>1<", "<ElctrncSeqNb>one<", ValueFormatError, "ElctrncSeqNb: 'one' is no number"),
        ("<Acct><Id><Othr><Id>ZA62001234567</Id></Othr></Id>", "<Acct>", TruncatedError, "Acct: Stmt has none"),
        ("ZA62001234567", "?", ValueFormatError, "Acct: '?' is no number of an account"),
        ("<Ccy>ZAR</Ccy>", "<Ccy>ZZZ</Ccy>", ValueFormatError, "Ccy: 'ZZZ' is no currency"),
        ('<Amt Ccy="ZAR">0.01', '<Amt Ccy="USD">0.01', CurrencyError, "line 3, Amt: it is in 'USD'"),
        ('<Amt Ccy="ZAR">0.01', '<Amt Ccy="ZAR">0.011', ValueFormatError, "line 3, Amt: '0.011' is no amount of ZAR"),
        ('<Amt Ccy="ZAR">0.01', '<Amt Ccy="ZAR">1E-2', ValueFormatError, "'1E-2' is no amount of ZAR"),
        ('<Amt Ccy="ZAR">0.01', '<Amt Ccy="ZAR">9999999999999999', ValueFormatError, "is too much"),
        ('<Amt Ccy="ZAR">0.01</Amt>', "", TruncatedError, "line 3, Amt: Ntry has none"),
        ("<CdtDbtInd>CRDT", "<CdtDbtInd>BOTH", ValueFormatError, "'BOTH' is neither"),
        ("<BookgDt><Dt>2026-03-02", "<BookgDt><Dt>2026-02-30", ValueFormatError, "BookgDt: '2026-02-30' is no day"),
        ("<BookgDt><Dt>2026-03-02", "<BookgDt><Dt>yesterday", ValueFormatError, "'yesterday' is no day"),
        ("<BookgDt><Dt>2026-03-02", "<BookgDt><Dt>1066-10-14", ValueFormatError, "'1066-10-14' is no day"),
        ("OPBD", "ITBD", TruncatedError, "there is no balance OPBD"),
        ("CLBD", "ITBD", TruncatedError, "there is no balance CLBD"),
        ("<NbOfNtries>1", "<NbOfNtries>2", BalanceError, "TtlNtries: it counts 2 entries of 1"),
        ("<Sum>0.01", "<Sum>0.02", BalanceError, "TtlNtries: it says 0.02, not 0.01"),
        ("<TxsSummry>", PAGE.format(1, "false"), TruncatedError, "a page"),
        ("<TxsSummry>", PAGE.format(2, "true"), TruncatedError, "a page"),
    ],
)
def test_what_is_wrong(old: str, new: str, reason: type[StatementError], where: str) -> None:
    """A document with one thing wrong is refused by the name of the reason, with line and field."""
    text = camt(statement(paid("A", 1, "T"))).decode()
    assert old in text
    with pytest.raises(reason) as refused:
        read_statements(text.replace(old, new, 2 if old == "BkToCstmrStmt" else 1).encode())
    assert where in str(refused.value)


def test_taken_back() -> None:
    """An entry that is marked as a reversal keeps who had paid."""
    back = paid("R1", -50_000, "UNPAID", reversal=True, party=Party("T MOKOENA", "ZA1"))
    it = statement(back, fee(100))
    assert read_statements(camt(it)) == [it]


def test_taken_back_from_us() -> None:
    """What went out and comes back keeps to whom it had gone."""
    it = statement(paid("R1", 50_000, reversal=True, party=Party("THE BANK", "ZA1")))
    assert read_statements(camt(it)) == [it]

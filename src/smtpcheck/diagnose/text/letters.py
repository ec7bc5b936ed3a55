"""Text as its writer meant it: older gateways send GBK, and clients show it as Latin-1."""

import re

_HIGH = re.compile("[\u0080-\u00ff]{4,}")
_CJK = re.compile("[\u4e00-\u9fff]")


def readable(text: str) -> str:
    """The text, with runs of Latin-1 letters that are UTF-8 or GB 18030 in truth read as what they are."""
    return _HIGH.sub(_reread, text) if not text.isascii() else text


def _reread(found: re.Match[str]) -> str:
    raw = found.group().encode("latin-1")
    for charset in ("utf-8", "gb18030"):
        try:
            meant = raw.decode(charset)
        except UnicodeDecodeError:
            continue
        if _CJK.search(meant) is not None or charset == "utf-8":
            return meant
    return found.group()

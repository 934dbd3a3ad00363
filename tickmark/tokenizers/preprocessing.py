"""What a biller declares it does to a text before it counts.

Lives here: Unicode normalization and setting marks apart. Does not live here: what a spec may say (specs).
"""

import re
import unicodedata
from collections.abc import Callable

from tickmark.vocabularies import VocabularySource

# Typographic marks: dashes, quotes, ellipsis (general punctuation) and guillemets.
_MARKS = re.compile("([\u00ab\u00bb\u2010-\u2027\u2039\u203a])")


def preparation(source: VocabularySource) -> Callable[[str], str] | None:
    """The declared pre-processing of a vocabulary, or None where texts are counted as they are."""
    if source.normalization == "none" and not source.split_punctuation:
        return None

    def prepare(text: str) -> str:
        if source.normalization == "nfc":
            text = unicodedata.normalize("NFC", text)
        elif source.normalization == "nfkc":
            text = unicodedata.normalize("NFKC", text)
        return _MARKS.sub(r" \1 ", text) if source.split_punctuation else text

    return prepare

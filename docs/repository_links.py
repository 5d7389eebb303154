"""A preprocessor of mdBook: links that leave `docs` lead to the repository, because the book has only pages of `docs`."""

import json
import posixpath
import re
import sys


def rewrite(chapter: dict, repository: str):
    def absolute(link: re.Match) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(chapter["path"] or ""), link[1]))
        return link[0] if target.startswith("docs/") else f"]({repository}/blob/main/{target})"

    chapter["content"] = re.sub(r"\]\((\.\./[^)]*)\)", absolute, chapter["content"])
    for item in chapter["sub_items"]:
        rewrite(item["Chapter"], repository)


if sys.argv[1:2] != ["supports"]:
    context, book = json.load(sys.stdin)
    for item in book.get("items") or book["sections"]:
        if "Chapter" in item:
            rewrite(item["Chapter"], context["config"]["output"]["html"]["git-repository-url"])
    json.dump(book, sys.stdout)

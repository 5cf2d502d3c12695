"""String functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from cloister.arm.template.errors import ExpressionError, failed, not_expected
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import array, number, object_of, text
from cloister.arm.template.functions.formatting import composite
from cloister.arm.template.functions.hashes import guid, unique_string
from cloister.arm.template.jsonc import JsonError, parse
from cloister.arm.template.values import find, kind, text_of
from cloister.limits import TEMPLATE_TEXT_MAX

Arguments = Sequence[Any]


def to_base64(frame: Frame, arguments: Arguments) -> str:
    """``base64(text)``."""
    return base64.b64encode(text("base64", arguments[0]).encode()).decode()


def from_base64(function: str, value: Any) -> str:
    """The text that a base64 string holds."""
    try:
        return base64.b64decode(text(function, value), validate=True).decode()
    except (binascii.Error, ValueError):
        raise failed(function, "its argument is not the base64 form of a UTF-8 text") from None


def base64_to_string(frame: Frame, arguments: Arguments) -> str:
    """``base64ToString(text)``."""
    return from_base64("base64ToString", arguments[0])


def base64_to_json(frame: Frame, arguments: Arguments) -> Any:
    """``base64ToJson(text)``."""
    return json_of("base64ToJson", from_base64("base64ToJson", arguments[0]))


def json_of(function: str, source: str) -> Any:
    """The value of a JSON text."""
    try:
        return parse(source)
    except JsonError as error:
        raise failed(function, f"its argument is no valid JSON: {error.reason}") from None


def concat(frame: Frame, arguments: Arguments) -> Any:
    """``concat(a, b, ...)``: all arrays, or strings, numbers and booleans."""
    if any(isinstance(argument, list) for argument in arguments):
        return [item for argument in arguments for item in array("concat", argument)]
    for argument in arguments:
        if argument is None or isinstance(argument, dict):
            raise failed("concat", f"it joins strings or arrays and got a value of type '{kind(argument)}'")
    return "".join(text_of(argument) for argument in arguments)


def data_uri(frame: Frame, arguments: Arguments) -> str:
    """``dataUri(value)``: ``data:text/plain;charset=utf8;base64,...``."""
    return "data:text/plain;charset=utf8;base64," + base64.b64encode(text_of(arguments[0]).encode()).decode()


def data_uri_to_string(frame: Frame, arguments: Arguments) -> str:
    """``dataUriToString(uri)``."""
    uri = text("dataUriToString", arguments[0])
    head, comma, body = uri.partition(",")
    if not head.lower().startswith("data:") or not comma:
        raise failed("dataUriToString", f"'{uri[:100]}' is no data URI")
    if head.lower().endswith(";base64"):
        return from_base64("dataUriToString", body)
    return unquote(body)


def ends_with(frame: Frame, arguments: Arguments) -> bool:
    """``endsWith(text, end)``, without case."""
    return text("endsWith", arguments[0]).casefold().endswith(text("endsWith", arguments[1]).casefold())


def starts_with(frame: Frame, arguments: Arguments) -> bool:
    """``startsWith(text, start)``, without case."""
    return text("startsWith", arguments[0]).casefold().startswith(text("startsWith", arguments[1]).casefold())


def format_text(frame: Frame, arguments: Arguments) -> str:
    """``format('{0} {1:D3}', a, b)``."""
    return composite(text("format", arguments[0]), list(arguments[1:]))


def guid_of(frame: Frame, arguments: Arguments) -> str:
    """``guid(text, ...)``."""
    return guid([_scalar("guid", argument) for argument in arguments])


def unique_string_of(frame: Frame, arguments: Arguments) -> str:
    """``uniqueString(text, ...)``."""
    return unique_string([_scalar("uniqueString", argument) for argument in arguments])


def _scalar(function: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise failed(function, f"all its arguments must be strings and one is of type '{kind(value)}'")


def join(frame: Frame, arguments: Arguments) -> str:
    """``join(array, delimiter)``."""
    return text("join", arguments[1]).join(text_of(item) for item in array("join", arguments[0]))


def new_guid(frame: Frame, arguments: Arguments) -> str:
    """``newGuid()``, in a parameter's default value only."""
    if not frame.defaults:
        raise not_expected("newGuid")
    return frame.context.next_guid()


def pad_left(frame: Frame, arguments: Arguments) -> str:
    """``padLeft(value, width, [character])``."""
    width = number("padLeft", arguments[1])
    filler = text("padLeft", arguments[2]) if len(arguments) > 2 else " "
    if len(filler) != 1 or not 0 <= width <= TEMPLATE_TEXT_MAX:
        raise failed("padLeft", "it expects a width that is not negative and one character to fill with")
    return text_of(arguments[0]).rjust(width, filler)


def replace(frame: Frame, arguments: Arguments) -> str:
    """``replace(text, old, new)``, with case."""
    whole, old, new = (text("replace", argument) for argument in arguments)
    if not old:
        raise failed("replace", "the text to find must not be empty")
    if len(whole) + whole.count(old) * (len(new) - len(old)) > TEMPLATE_TEXT_MAX:
        raise failed("replace", f"its result would be longer than {TEMPLATE_TEXT_MAX} characters")
    return whole.replace(old, new)


def split(frame: Frame, arguments: Arguments) -> list[str]:
    """``split(text, delimiter or array of delimiters)``."""
    whole = text("split", arguments[0])
    given = arguments[1] if isinstance(arguments[1], list) else [arguments[1]]
    delimiters = [text("split", delimiter) for delimiter in given]
    parts = [whole]
    for delimiter in delimiters:
        if delimiter:
            parts = [piece for part in parts for piece in part.split(delimiter)]
    return parts


def string(frame: Frame, arguments: Arguments) -> str:
    """``string(value)``: arrays and objects become JSON."""
    return text_of(arguments[0])


def substring(frame: Frame, arguments: Arguments) -> str:
    """``substring(text, start, [length])``."""
    whole = text("substring", arguments[0])
    start = number("substring", arguments[1])
    length = number("substring", arguments[2]) if len(arguments) > 2 else len(whole) - start
    if start < 0 or length < 0 or start + length > len(whole):
        raise failed(
            "substring",
            "the index and length parameters must refer to a location within the string. The index parameter: "
            f"'{start}', the length parameter: '{length}', the length of the string parameter: '{len(whole)}'",
        )
    return whole[start : start + length]


def to_lower(frame: Frame, arguments: Arguments) -> str:
    """``toLower(text)``."""
    return text("toLower", arguments[0]).lower()


def to_upper(frame: Frame, arguments: Arguments) -> str:
    """``toUpper(text)``."""
    return text("toUpper", arguments[0]).upper()


def trim(frame: Frame, arguments: Arguments) -> str:
    """``trim(text)``: no white space at either end."""
    return text("trim", arguments[0]).strip()


def uri(frame: Frame, arguments: Arguments) -> str:
    """``uri(absolute, relative)``, joined as RFC 3986 says."""
    start, relative = text("uri", arguments[0]), text("uri", arguments[1])
    try:
        if not urlsplit(start).scheme:
            raise ValueError
        return urljoin(start, relative)
    except ValueError:
        raise failed("uri", f"'{start[:200]}' is no absolute URI") from None


def uri_component(frame: Frame, arguments: Arguments) -> str:
    """``uriComponent(text)``: percent-encoded."""
    return quote(text("uriComponent", arguments[0]), safe="-_.~")


def uri_component_to_string(frame: Frame, arguments: Arguments) -> str:
    """``uriComponentToString(text)``."""
    return unquote(text("uriComponentToString", arguments[0]))


def parse_uri(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``parseUri(text)``: ``{scheme, host, port?, path?, query?}``."""
    whole = text("parseUri", arguments[0])
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError:
        parts = None
    if parts is None or not parts.scheme or not parts.hostname:
        raise failed("parseUri", f"'{whole[:200]}' is no absolute URI")
    out: dict[str, Any] = {"scheme": parts.scheme, "host": parts.hostname}
    if port is not None:
        out["port"] = port
    if parts.path:
        out["path"] = parts.path
    if parts.query:
        out["query"] = "?" + parts.query
    return out


def build_uri(frame: Frame, arguments: Arguments) -> str:
    """``buildUri({scheme, host, port?, path?, query?})``."""
    parts = object_of("buildUri", arguments[0])
    found = {name: find(parts, name)[1] for name in ("scheme", "host", "port", "path", "query")}
    out = f"{text('buildUri', found['scheme'])}://{text('buildUri', found['host'])}"
    if found["port"] is not None:
        out += f":{number('buildUri', found['port'])}"
    path, query = text("buildUri", found["path"] or ""), text("buildUri", found["query"] or "")
    out += path if not path or path.startswith("/") else "/" + path
    return out + (query if not query or query.startswith("?") else "?" + query)


def fail(frame: Frame, arguments: Arguments) -> Any:
    """``fail(message)``: the deployment ends with this message."""
    raise ExpressionError(f"The template function 'fail' was called: {text('fail', arguments[0])}")


TABLE: dict[str, Function] = {
    "base64": Function(to_base64, 1, 1),
    "base64ToJson": Function(base64_to_json, 1, 1),
    "base64ToString": Function(base64_to_string, 1, 1),
    "buildUri": Function(build_uri, 1, 1),
    "concat": Function(concat, 1, None),
    "dataUri": Function(data_uri, 1, 1),
    "dataUriToString": Function(data_uri_to_string, 1, 1),
    "endsWith": Function(ends_with, 2, 2),
    "fail": Function(fail, 1, 1),
    "format": Function(format_text, 1, None),
    "guid": Function(guid_of, 1, None),
    "join": Function(join, 2, 2),
    "newGuid": Function(new_guid, 0, 0),
    "padLeft": Function(pad_left, 2, 3),
    "parseUri": Function(parse_uri, 1, 1),
    "replace": Function(replace, 3, 3),
    "split": Function(split, 2, 2),
    "startsWith": Function(starts_with, 2, 2),
    "string": Function(string, 1, 1),
    "substring": Function(substring, 2, 3),
    "toLower": Function(to_lower, 1, 1),
    "toUpper": Function(to_upper, 1, 1),
    "trim": Function(trim, 1, 1),
    "uniqueString": Function(unique_string_of, 1, None),
    "uri": Function(uri, 2, 2),
    "uriComponent": Function(uri_component, 1, 1),
    "uriComponentToString": Function(uri_component_to_string, 1, 1),
}

"""From a request on the wire to its answer: read the target, pass the gates, hand over."""

from __future__ import annotations

import logging

import msgspec

from cloister.ipc.messages import Origin, Request, Response
from cloister.services.edge import doh, pages, refusals
from cloister.services.edge.conversation import Answer, Answered, Asked
from cloister.services.edge.gates import CONTROL_GATES, GATES, NETWORK_GATES, Passage
from cloister.services.edge.handover import Desk
from cloister.services.edge.listener import Line
from cloister.services.edge.measured import refusals_log
from cloister.services.edge.state import EdgeState
from cloister.services.edge.target import Unreadable, host_of, read_target
from cloister.services.identity.http import is_login_path
from cloister.services.identity.tokens import Verifier

log = logging.getLogger("cloister.edge")

CONTROL_SERVICES = ("arm", "login")
DATA_SERVICES = ("machinelearning",)


class Front:
    """The edge's answer to every request."""

    def __init__(self, state: EdgeState, verifier: Verifier, control: Desk, tracking: Desk, resolver: Desk):
        self._state = state
        self._verifier = verifier
        self._control = control
        self._tracking = tracking
        self._resolver = resolver

    def answer(self, line: Line) -> Answer:
        """The answering function of one connection."""

        async def answer(asked: Asked) -> Answered:
            try:
                return await self._answer(line, asked)
            except Exception:
                log.exception("cannot answer %s %r on %s", asked.method, asked.target[:200], line.name)
                return Answered(refusals.broken("the edge"), True)

        return answer

    async def _answer(self, line: Line, asked: Asked) -> Answered:
        try:
            authority, path, query = read_target(asked)
        except Unreadable as error:
            return Answered(refusals.refusal(400, "BadRequest", str(error)), True)
        passage = Passage(
            state=self._state,
            verifier=self._verifier,
            way=line.way,
            name=line.name,
            method=asked.method,
            path=path,
            host=host_of(authority),
            headers=asked.headers,
        )
        site = self._state.site(line.name)
        gates = CONTROL_GATES
        if site is not None and site.resource:
            gates = GATES if site.service in DATA_SERVICES else NETWORK_GATES
        for gate in gates:
            refused = gate(passage)
            if refused is not None:
                told = (refused.status, gate.__name__, asked.method, line.name, path[:500], line.way.words)
                refusals_log.line("%d at '%s': %s %s%s by %s", *told)
                return Answered(refused, passage.closes)
        identity = line.way.identity
        request = Request(
            method=asked.method,
            path=path,
            query=query,
            headers=asked.headers,
            body=bytes(asked.body),
            authority=authority,
            origin=Origin(via=line.way.via, address=line.way.address, connection=identity.connection if identity else ""),
            claims=passage.claims,
        )
        return Answered(await self._hand_over(request, passage))

    async def _hand_over(self, request: Request, passage: Passage) -> Response:
        site = passage.site
        service = site.service if site else ("login" if is_login_path(request.path) else "arm")
        if service in CONTROL_SERVICES:
            return await self._control.http(_with(request, {"service": service}), repeatable=service == "login")
        if service == "dns":
            return await doh.answer(request, self._resolver)
        if service == "portal":
            return pages.portal()
        if site is None or service not in DATA_SERVICES or site.member == "inference":
            text = f"cannot serve '{passage.name}': nothing listens behind this name yet; its network and names are real"
            return refusals.refusal(501, "NotImplemented", text)
        if site.member == "notebook":
            return pages.notebooks(site)
        assert passage.policy is not None
        if pages.is_discovery(request.path):
            return pages.discovery(site, passage.policy, request.authority)
        about = {"service": service, "resource": site.resource, "member": site.member}
        return await self._tracking.http(_with(request, {**dict(passage.policy.facts), **about}))


def _with(request: Request, facts: dict[str, str]) -> Request:
    return msgspec.structs.replace(request, facts=facts)

# SPDX-License-Identifier: Apache-2.0
"""The protocol: `pulumirpc.ResourceProvider`, as the engine calls it. Plain values go to `provider`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from bascule_double import READ_FROM, config, invokes, machines, provider, session
from bascule_double.engine import Engine
from bascule_double.errors import DoubleError
from bascule_double.provider import Asked, PartlyMade
from bascule_double.session import Session
from bascule_double.types import TYPES, warning
from bascule_double.values import from_struct, to_struct

KINDS = provider_pb2.PropertyDiff.Kind
# grpc.ServicerContext, which has no types.
Context = Any


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine. One session, opened by Configure."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.session: Session | None = None

    def opened(self) -> Session:
        """The session that Configure opened. Raises DoubleError when it did not."""
        if not self.session:
            raise DoubleError("The double was not configured.")
        return self.session

    def Handshake(self, request: Any, context: Context) -> Any:  # noqa: N802
        # The engine takes secrets off what it sends, and puts them back on what has the same name in the answer.
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, context: Context) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Context) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=READ_FROM)

    def GetSchema(self, request: Any, context: Context) -> Any:  # noqa: N802
        schema = {"name": "aws", "version": READ_FROM, "resources": {token: {} for token in TYPES}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: Context) -> Any:  # noqa: N802
        unknown = config.unknown_keys(from_struct(request.news))
        failures = [
            provider_pb2.CheckFailure(
                property=key, reason=f"the provider's key {key!r} is not one that the double takes"
            )
            for key in unknown
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Context) -> Any:  # noqa: N802
        old, new = from_struct(request.old_inputs or request.olds), from_struct(request.news)
        changed = sorted(key for key in {*old, *new} - config.ADDED if old.get(key) != new.get(key))
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some, diffs=changed, replaces=[key for key in changed if key == "region"]
        )

    def Configure(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            behind = machines.from_environment()
            settings = config.settle(from_struct(request.args))
            self.engine.warn(warning(settings, behind), request.urn)
            self.session = session.opened(settings, behind)
            return provider_pb2.ConfigureResponse(
                acceptSecrets=False, supportsPreview=True, acceptResources=False, supports_autonaming_configuration=True
            )

        return answered(context, work)

    def Check(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            proposed = request.autonaming.proposed_name if request.HasField("autonaming") else None
            old = from_struct(request.olds)
            asked = Asked.of(request.urn)
            kept, found = provider.checked(asked, from_struct(request.news), old, request.randomSeed, proposed or None)
            failures = [provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in found]
            return provider_pb2.CheckResponse(inputs=to_struct(kept), failures=failures)

        return answered(context, work)

    def Diff(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            olds, inputs, new = (from_struct(one) for one in (request.olds, request.old_inputs, request.news))
            found = provider.changed(Asked.of(request.urn), olds, inputs, new, list(request.ignoreChanges))
            some = provider_pb2.DiffResponse.DIFF_SOME if found.changed else provider_pb2.DiffResponse.DIFF_NONE
            return provider_pb2.DiffResponse(
                changes=some,
                diffs=found.changed,
                replaces=found.replaces,
                deleteBeforeReplace=found.delete_first,
                hasDetailedDiff=True,
                detailedDiff={
                    key: provider_pb2.PropertyDiff(kind=detail(found.kinds[key], key in found.replaces), inputDiff=True)
                    for key in found.changed
                },
            )

        return answered(context, work)

    def Create(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            asked, new = Asked.of(request.urn), from_struct(request.properties)
            if request.preview:
                return provider_pb2.CreateResponse(properties=to_struct(provider.planned(asked, self.opened(), new)))
            id_, made = provider.create(asked, self.opened(), new)
            return provider_pb2.CreateResponse(id=id_, properties=to_struct(made))

        return answered(context, work)

    def Read(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            state, inputs = from_struct(request.properties), from_struct(request.inputs)
            found = provider.read(Asked.of(request.urn), self.opened(), request.id, state, inputs)
            if found is None:
                return provider_pb2.ReadResponse(id="")
            return provider_pb2.ReadResponse(id=request.id, properties=to_struct(found[0]), inputs=to_struct(found[1]))

        return answered(context, work)

    def Update(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            asked, old, new = Asked.of(request.urn), from_struct(request.olds), from_struct(request.news)
            if request.preview:
                return provider_pb2.UpdateResponse(
                    properties=to_struct(provider.update_planned(asked, self.opened(), old, new))
                )
            return provider_pb2.UpdateResponse(
                properties=to_struct(provider.update(asked, self.opened(), request.id, old, new))
            )

        return answered(context, work)

    def Delete(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            provider.delete(Asked.of(request.urn), self.opened(), request.id, from_struct(request.properties))
            return empty_pb2.Empty()

        return answered(context, work)

    def Invoke(self, request: Any, context: Context) -> Any:  # noqa: N802
        def work() -> Any:
            found, failures = invokes.invoke(self.opened(), request.tok, from_struct(request.args))
            return provider_pb2.InvokeResponse(
                **{"return": to_struct(found)},
                failures=[provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in failures],
            )

        return answered(context, work)

    def Cancel(self, request: Any, context: Context) -> Any:  # noqa: N802
        if self.session and self.session.machines:
            self.session.machines.cancel()
        return empty_pb2.Empty()


def detail(kind: str, replaces: bool) -> Any:
    """One change as the protocol names it."""
    return KINDS.Value(f"{kind.upper()}{'_REPLACE' if replaces else ''}")


def answered(context: Context, work: Callable[[], Any]) -> Any:
    """Do what was asked; what goes wrong becomes the error of the call, as a sentence."""
    try:
        return work()
    except PartlyMade as error:
        abort_partly(context, error)
    except DoubleError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def abort_partly(context: Context, error: PartlyMade) -> NoReturn:
    """Tell the engine that a resource exists and is not right, so that it keeps it in its state."""
    detail_ = any_pb2.Any()
    detail_.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.id,
            properties=to_struct(error.properties),
            inputs=to_struct(error.properties),
            reasons=[str(error)],
        ),
        type_url_prefix="type.googleapis.com/",
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail_])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise error

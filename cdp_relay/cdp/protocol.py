"""Commands, events and types of the DevTools protocol that this package uses.

Written by ``python -m cdp_relay.cdp.generate`` from ``used.toml`` and a browser's own
``/json/protocol``: do not edit. Reading is tolerant: a missing field becomes None, an unknown
one stays in ``raw``, and an enumeration is a plain string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from cdp_relay.cdp.event import JSON, Command, Event, RawEvent, WireObject, parse_many, parse_one

__all__ = [
    "EVENTS",
    "Accessibility",
    "Browser",
    "DOM",
    "Debugger",
    "Emulation",
    "IO",
    "Input",
    "Inspector",
    "Log",
    "Network",
    "Page",
    "Performance",
    "Runtime",
    "SystemInfo",
    "Target",
    "parse_event",
]


class Accessibility:
    """The domain ``Accessibility``."""

    class AXNode(WireObject, frozen=True, kw_only=True):
        """The type ``Accessibility.AXNode``."""

        node_id: str
        ignored: bool
        ignored_reasons: list[JSON] | None
        role: JSON | None
        chrome_role: JSON | None
        name: JSON | None
        description: JSON | None
        value: JSON | None
        properties: list[JSON] | None
        parent_id: str | None
        child_ids: list[str] | None
        backend_dom_node_id: int | None
        frame_id: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Accessibility.AXNode:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                node_id=get("nodeId"),
                ignored=get("ignored"),
                ignored_reasons=get("ignoredReasons"),
                role=get("role"),
                chrome_role=get("chromeRole"),
                name=get("name"),
                description=get("description"),
                value=get("value"),
                properties=get("properties"),
                parent_id=get("parentId"),
                child_ids=get("childIds"),
                backend_dom_node_id=get("backendDOMNodeId"),
                frame_id=get("frameId"),
                raw=raw,
            )

    @staticmethod
    def disable() -> Command[None]:
        """``Accessibility.disable``."""
        params: JSON = {}
        yield {"method": "Accessibility.disable", "params": params}

    @staticmethod
    def enable() -> Command[None]:
        """``Accessibility.enable``."""
        params: JSON = {}
        yield {"method": "Accessibility.enable", "params": params}

    @staticmethod
    def get_full_ax_tree(
        *,
        depth: int | None = None,
        frame_id: str | None = None,
    ) -> Command[tuple[Accessibility.AXNode, ...]]:
        """``Accessibility.getFullAXTree``."""
        params: JSON = {}
        if depth is not None:
            params["depth"] = depth
        if frame_id is not None:
            params["frameId"] = frame_id
        get: Callable[[str], Any] = (yield {"method": "Accessibility.getFullAXTree", "params": params}).get
        value: tuple[Accessibility.AXNode, ...] = parse_many(Accessibility.AXNode.from_json, get("nodes"))
        return value

    @staticmethod
    def query_ax_tree(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
        accessible_name: str | None = None,
        role: str | None = None,
    ) -> Command[tuple[Accessibility.AXNode, ...]]:
        """``Accessibility.queryAXTree``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        if accessible_name is not None:
            params["accessibleName"] = accessible_name
        if role is not None:
            params["role"] = role
        get: Callable[[str], Any] = (yield {"method": "Accessibility.queryAXTree", "params": params}).get
        value: tuple[Accessibility.AXNode, ...] = parse_many(Accessibility.AXNode.from_json, get("nodes"))
        return value


class Browser:
    """The domain ``Browser``."""

    class Bounds(WireObject, frozen=True, kw_only=True):
        """The type ``Browser.Bounds``."""

        left: int | None
        top: int | None
        width: int | None
        height: int | None
        window_state: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Browser.Bounds:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                left=get("left"),
                top=get("top"),
                width=get("width"),
                height=get("height"),
                window_state=get("windowState"),
                raw=raw,
            )

    class DownloadProgress(Event, frozen=True, kw_only=True):
        """The event ``Browser.downloadProgress``."""

        METHOD: ClassVar[str] = "Browser.downloadProgress"

        guid: str
        total_bytes: float
        received_bytes: float
        state: str
        file_path: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Browser.DownloadProgress:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                guid=get("guid"),
                total_bytes=get("totalBytes"),
                received_bytes=get("receivedBytes"),
                state=get("state"),
                file_path=get("filePath"),
                raw=raw,
            )

    class DownloadWillBegin(Event, frozen=True, kw_only=True):
        """The event ``Browser.downloadWillBegin``."""

        METHOD: ClassVar[str] = "Browser.downloadWillBegin"

        frame_id: str
        guid: str
        url: str
        suggested_filename: str

        @classmethod
        def from_json(cls, raw: JSON) -> Browser.DownloadWillBegin:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                guid=get("guid"),
                url=get("url"),
                suggested_filename=get("suggestedFilename"),
                raw=raw,
            )

    @staticmethod
    def cancel_download(guid: str, *, browser_context_id: str | None = None) -> Command[None]:
        """``Browser.cancelDownload``."""
        params: JSON = {
            "guid": guid,
        }
        if browser_context_id is not None:
            params["browserContextId"] = browser_context_id
        yield {"method": "Browser.cancelDownload", "params": params}

    @staticmethod
    def close() -> Command[None]:
        """``Browser.close``."""
        params: JSON = {}
        yield {"method": "Browser.close", "params": params}

    @staticmethod
    def get_browser_command_line() -> Command[list[str]]:
        """``Browser.getBrowserCommandLine``."""
        params: JSON = {}
        get: Callable[[str], Any] = (yield {"method": "Browser.getBrowserCommandLine", "params": params}).get
        value: list[str] = get("arguments")
        return value

    class GetVersionResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Browser.getVersion``."""

        protocol_version: str
        product: str
        revision: str
        user_agent: str
        js_version: str

        @classmethod
        def from_json(cls, raw: JSON) -> Browser.GetVersionResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                protocol_version=get("protocolVersion"),
                product=get("product"),
                revision=get("revision"),
                user_agent=get("userAgent"),
                js_version=get("jsVersion"),
                raw=raw,
            )

    @staticmethod
    def get_version() -> Command[Browser.GetVersionResult]:
        """``Browser.getVersion``."""
        params: JSON = {}
        answer = yield {"method": "Browser.getVersion", "params": params}
        return Browser.GetVersionResult.from_json(answer)

    @staticmethod
    def get_window_bounds(window_id: int) -> Command[Browser.Bounds]:
        """``Browser.getWindowBounds``."""
        params: JSON = {
            "windowId": window_id,
        }
        get: Callable[[str], Any] = (yield {"method": "Browser.getWindowBounds", "params": params}).get
        value: Browser.Bounds = parse_one(Browser.Bounds.from_json, get("bounds"))
        return value

    class GetWindowForTargetResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Browser.getWindowForTarget``."""

        window_id: int
        bounds: Browser.Bounds

        @classmethod
        def from_json(cls, raw: JSON) -> Browser.GetWindowForTargetResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                window_id=get("windowId"),
                bounds=parse_one(Browser.Bounds.from_json, get("bounds")),
                raw=raw,
            )

    @staticmethod
    def get_window_for_target(*, target_id: str | None = None) -> Command[Browser.GetWindowForTargetResult]:
        """``Browser.getWindowForTarget``."""
        params: JSON = {}
        if target_id is not None:
            params["targetId"] = target_id
        answer = yield {"method": "Browser.getWindowForTarget", "params": params}
        return Browser.GetWindowForTargetResult.from_json(answer)

    @staticmethod
    def grant_permissions(
        permissions: Sequence[str],
        *,
        origin: str | None = None,
        browser_context_id: str | None = None,
    ) -> Command[None]:
        """``Browser.grantPermissions``."""
        params: JSON = {
            "permissions": permissions,
        }
        if origin is not None:
            params["origin"] = origin
        if browser_context_id is not None:
            params["browserContextId"] = browser_context_id
        yield {"method": "Browser.grantPermissions", "params": params}

    @staticmethod
    def reset_permissions(*, browser_context_id: str | None = None) -> Command[None]:
        """``Browser.resetPermissions``."""
        params: JSON = {}
        if browser_context_id is not None:
            params["browserContextId"] = browser_context_id
        yield {"method": "Browser.resetPermissions", "params": params}

    @staticmethod
    def set_download_behavior(
        behavior: str,
        *,
        browser_context_id: str | None = None,
        download_path: str | None = None,
        events_enabled: bool | None = None,
    ) -> Command[None]:
        """``Browser.setDownloadBehavior``."""
        params: JSON = {
            "behavior": behavior,
        }
        if browser_context_id is not None:
            params["browserContextId"] = browser_context_id
        if download_path is not None:
            params["downloadPath"] = download_path
        if events_enabled is not None:
            params["eventsEnabled"] = events_enabled
        yield {"method": "Browser.setDownloadBehavior", "params": params}

    @staticmethod
    def set_permission(
        permission: JSON,
        setting: str,
        *,
        origin: str | None = None,
        embedded_origin: str | None = None,
        browser_context_id: str | None = None,
    ) -> Command[None]:
        """``Browser.setPermission``."""
        params: JSON = {
            "permission": permission,
            "setting": setting,
        }
        if origin is not None:
            params["origin"] = origin
        if embedded_origin is not None:
            params["embeddedOrigin"] = embedded_origin
        if browser_context_id is not None:
            params["browserContextId"] = browser_context_id
        yield {"method": "Browser.setPermission", "params": params}

    @staticmethod
    def set_window_bounds(window_id: int, bounds: JSON) -> Command[None]:
        """``Browser.setWindowBounds``."""
        params: JSON = {
            "windowId": window_id,
            "bounds": bounds,
        }
        yield {"method": "Browser.setWindowBounds", "params": params}


class DOM:
    """The domain ``DOM``."""

    class BoxModel(WireObject, frozen=True, kw_only=True):
        """The type ``DOM.BoxModel``."""

        content: list[float]
        padding: list[float]
        border: list[float]
        margin: list[float]
        width: int
        height: int
        shape_outside: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> DOM.BoxModel:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                content=get("content"),
                padding=get("padding"),
                border=get("border"),
                margin=get("margin"),
                width=get("width"),
                height=get("height"),
                shape_outside=get("shapeOutside"),
                raw=raw,
            )

    class Node(WireObject, frozen=True, kw_only=True):
        """The type ``DOM.Node``."""

        node_id: int
        parent_id: int | None
        backend_node_id: int
        node_type: int
        node_name: str
        local_name: str
        node_value: str
        child_node_count: int | None
        children: tuple[DOM.Node, ...] | None
        attributes: list[str] | None
        document_url: str | None
        base_url: str | None
        public_id: str | None
        system_id: str | None
        internal_subset: str | None
        xml_version: str | None
        name: str | None
        value: str | None
        pseudo_type: str | None
        pseudo_identifier: str | None
        shadow_root_type: str | None
        frame_id: str | None
        content_document: DOM.Node | None
        shadow_roots: tuple[DOM.Node, ...] | None
        template_content: DOM.Node | None
        pseudo_elements: tuple[DOM.Node, ...] | None
        imported_document: DOM.Node | None
        distributed_nodes: list[JSON] | None
        is_svg: bool | None
        compatibility_mode: str | None
        assigned_slot: JSON | None
        is_scrollable: bool | None
        affected_by_starting_styles: bool | None
        adopted_style_sheets: list[str] | None
        ad_provenance: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> DOM.Node:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                node_id=get("nodeId"),
                parent_id=get("parentId"),
                backend_node_id=get("backendNodeId"),
                node_type=get("nodeType"),
                node_name=get("nodeName"),
                local_name=get("localName"),
                node_value=get("nodeValue"),
                child_node_count=get("childNodeCount"),
                children=parse_many(DOM.Node.from_json, get("children")),
                attributes=get("attributes"),
                document_url=get("documentURL"),
                base_url=get("baseURL"),
                public_id=get("publicId"),
                system_id=get("systemId"),
                internal_subset=get("internalSubset"),
                xml_version=get("xmlVersion"),
                name=get("name"),
                value=get("value"),
                pseudo_type=get("pseudoType"),
                pseudo_identifier=get("pseudoIdentifier"),
                shadow_root_type=get("shadowRootType"),
                frame_id=get("frameId"),
                content_document=parse_one(DOM.Node.from_json, get("contentDocument")),
                shadow_roots=parse_many(DOM.Node.from_json, get("shadowRoots")),
                template_content=parse_one(DOM.Node.from_json, get("templateContent")),
                pseudo_elements=parse_many(DOM.Node.from_json, get("pseudoElements")),
                imported_document=parse_one(DOM.Node.from_json, get("importedDocument")),
                distributed_nodes=get("distributedNodes"),
                is_svg=get("isSVG"),
                compatibility_mode=get("compatibilityMode"),
                assigned_slot=get("assignedSlot"),
                is_scrollable=get("isScrollable"),
                affected_by_starting_styles=get("affectedByStartingStyles"),
                adopted_style_sheets=get("adoptedStyleSheets"),
                ad_provenance=get("adProvenance"),
                raw=raw,
            )

    @staticmethod
    def describe_node(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
        depth: int | None = None,
        pierce: bool | None = None,
    ) -> Command[DOM.Node]:
        """``DOM.describeNode``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        if depth is not None:
            params["depth"] = depth
        if pierce is not None:
            params["pierce"] = pierce
        get: Callable[[str], Any] = (yield {"method": "DOM.describeNode", "params": params}).get
        value: DOM.Node = parse_one(DOM.Node.from_json, get("node"))
        return value

    @staticmethod
    def disable() -> Command[None]:
        """``DOM.disable``."""
        params: JSON = {}
        yield {"method": "DOM.disable", "params": params}

    @staticmethod
    def enable(*, include_whitespace: str | None = None) -> Command[None]:
        """``DOM.enable``."""
        params: JSON = {}
        if include_whitespace is not None:
            params["includeWhitespace"] = include_whitespace
        yield {"method": "DOM.enable", "params": params}

    @staticmethod
    def focus(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
    ) -> Command[None]:
        """``DOM.focus``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        yield {"method": "DOM.focus", "params": params}

    @staticmethod
    def get_box_model(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
    ) -> Command[DOM.BoxModel]:
        """``DOM.getBoxModel``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        get: Callable[[str], Any] = (yield {"method": "DOM.getBoxModel", "params": params}).get
        value: DOM.BoxModel = parse_one(DOM.BoxModel.from_json, get("model"))
        return value

    @staticmethod
    def get_content_quads(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
    ) -> Command[list[list[float]]]:
        """``DOM.getContentQuads``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        get: Callable[[str], Any] = (yield {"method": "DOM.getContentQuads", "params": params}).get
        value: list[list[float]] = get("quads")
        return value

    @staticmethod
    def get_document(*, depth: int | None = None, pierce: bool | None = None) -> Command[DOM.Node]:
        """``DOM.getDocument``."""
        params: JSON = {}
        if depth is not None:
            params["depth"] = depth
        if pierce is not None:
            params["pierce"] = pierce
        get: Callable[[str], Any] = (yield {"method": "DOM.getDocument", "params": params}).get
        value: DOM.Node = parse_one(DOM.Node.from_json, get("root"))
        return value

    @staticmethod
    def get_outer_html(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
        include_shadow_dom: bool | None = None,
    ) -> Command[str]:
        """``DOM.getOuterHTML``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        if include_shadow_dom is not None:
            params["includeShadowDOM"] = include_shadow_dom
        get: Callable[[str], Any] = (yield {"method": "DOM.getOuterHTML", "params": params}).get
        value: str = get("outerHTML")
        return value

    @staticmethod
    def query_selector(node_id: int, selector: str) -> Command[int]:
        """``DOM.querySelector``."""
        params: JSON = {
            "nodeId": node_id,
            "selector": selector,
        }
        get: Callable[[str], Any] = (yield {"method": "DOM.querySelector", "params": params}).get
        value: int = get("nodeId")
        return value

    @staticmethod
    def query_selector_all(node_id: int, selector: str) -> Command[list[int]]:
        """``DOM.querySelectorAll``."""
        params: JSON = {
            "nodeId": node_id,
            "selector": selector,
        }
        get: Callable[[str], Any] = (yield {"method": "DOM.querySelectorAll", "params": params}).get
        value: list[int] = get("nodeIds")
        return value

    @staticmethod
    def request_node(object_id: str) -> Command[int]:
        """``DOM.requestNode``."""
        params: JSON = {
            "objectId": object_id,
        }
        get: Callable[[str], Any] = (yield {"method": "DOM.requestNode", "params": params}).get
        value: int = get("nodeId")
        return value

    @staticmethod
    def resolve_node(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_group: str | None = None,
        execution_context_id: int | None = None,
    ) -> Command[Runtime.RemoteObject]:
        """``DOM.resolveNode``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_group is not None:
            params["objectGroup"] = object_group
        if execution_context_id is not None:
            params["executionContextId"] = execution_context_id
        get: Callable[[str], Any] = (yield {"method": "DOM.resolveNode", "params": params}).get
        value: Runtime.RemoteObject = parse_one(Runtime.RemoteObject.from_json, get("object"))
        return value

    @staticmethod
    def scroll_into_view_if_needed(
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
        rect: JSON | None = None,
    ) -> Command[None]:
        """``DOM.scrollIntoViewIfNeeded``."""
        params: JSON = {}
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        if rect is not None:
            params["rect"] = rect
        yield {"method": "DOM.scrollIntoViewIfNeeded", "params": params}

    @staticmethod
    def set_file_input_files(
        files: Sequence[str],
        *,
        node_id: int | None = None,
        backend_node_id: int | None = None,
        object_id: str | None = None,
    ) -> Command[None]:
        """``DOM.setFileInputFiles``."""
        params: JSON = {
            "files": files,
        }
        if node_id is not None:
            params["nodeId"] = node_id
        if backend_node_id is not None:
            params["backendNodeId"] = backend_node_id
        if object_id is not None:
            params["objectId"] = object_id
        yield {"method": "DOM.setFileInputFiles", "params": params}


class Debugger:
    """The domain ``Debugger``."""

    class ScriptParsed(Event, frozen=True, kw_only=True):
        """The event ``Debugger.scriptParsed``."""

        METHOD: ClassVar[str] = "Debugger.scriptParsed"

        script_id: str
        url: str
        start_line: int
        start_column: int
        end_line: int
        end_column: int
        execution_context_id: int
        hash: str
        build_id: str
        execution_context_aux_data: JSON | None
        is_live_edit: bool | None
        source_map_url: str | None
        has_source_url: bool | None
        is_module: bool | None
        length: int | None
        stack_trace: JSON | None
        code_offset: int | None
        script_language: str | None
        debug_symbols: list[JSON] | None
        embedder_name: str | None
        resolved_breakpoints: list[JSON] | None

        @classmethod
        def from_json(cls, raw: JSON) -> Debugger.ScriptParsed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                script_id=get("scriptId"),
                url=get("url"),
                start_line=get("startLine"),
                start_column=get("startColumn"),
                end_line=get("endLine"),
                end_column=get("endColumn"),
                execution_context_id=get("executionContextId"),
                hash=get("hash"),
                build_id=get("buildId"),
                execution_context_aux_data=get("executionContextAuxData"),
                is_live_edit=get("isLiveEdit"),
                source_map_url=get("sourceMapURL"),
                has_source_url=get("hasSourceURL"),
                is_module=get("isModule"),
                length=get("length"),
                stack_trace=get("stackTrace"),
                code_offset=get("codeOffset"),
                script_language=get("scriptLanguage"),
                debug_symbols=get("debugSymbols"),
                embedder_name=get("embedderName"),
                resolved_breakpoints=get("resolvedBreakpoints"),
                raw=raw,
            )

    @staticmethod
    def disable() -> Command[None]:
        """``Debugger.disable``."""
        params: JSON = {}
        yield {"method": "Debugger.disable", "params": params}

    @staticmethod
    def enable(*, max_scripts_cache_size: float | None = None) -> Command[str]:
        """``Debugger.enable``."""
        params: JSON = {}
        if max_scripts_cache_size is not None:
            params["maxScriptsCacheSize"] = max_scripts_cache_size
        get: Callable[[str], Any] = (yield {"method": "Debugger.enable", "params": params}).get
        value: str = get("debuggerId")
        return value

    class GetScriptSourceResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Debugger.getScriptSource``."""

        script_source: str
        bytecode: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Debugger.GetScriptSourceResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                script_source=get("scriptSource"),
                bytecode=get("bytecode"),
                raw=raw,
            )

    @staticmethod
    def get_script_source(script_id: str) -> Command[Debugger.GetScriptSourceResult]:
        """``Debugger.getScriptSource``."""
        params: JSON = {
            "scriptId": script_id,
        }
        answer = yield {"method": "Debugger.getScriptSource", "params": params}
        return Debugger.GetScriptSourceResult.from_json(answer)

    @staticmethod
    def set_skip_all_pauses(skip: bool) -> Command[None]:
        """``Debugger.setSkipAllPauses``."""
        params: JSON = {
            "skip": skip,
        }
        yield {"method": "Debugger.setSkipAllPauses", "params": params}


class Emulation:
    """The domain ``Emulation``."""

    @staticmethod
    def clear_device_metrics_override() -> Command[None]:
        """``Emulation.clearDeviceMetricsOverride``."""
        params: JSON = {}
        yield {"method": "Emulation.clearDeviceMetricsOverride", "params": params}

    @staticmethod
    def set_device_metrics_override(
        width: int,
        height: int,
        device_scale_factor: float,
        mobile: bool,
        *,
        scale: float | None = None,
        screen_width: int | None = None,
        screen_height: int | None = None,
        position_x: int | None = None,
        position_y: int | None = None,
        dont_set_visible_size: bool | None = None,
        screen_orientation: JSON | None = None,
        viewport: JSON | None = None,
        display_feature: JSON | None = None,
        device_posture: JSON | None = None,
        scrollbar_type: str | None = None,
        screen_orientation_lock_emulation: bool | None = None,
        viewport_meta: str | None = None,
        text_layout_mode: str | None = None,
    ) -> Command[None]:
        """``Emulation.setDeviceMetricsOverride``."""
        params: JSON = {
            "width": width,
            "height": height,
            "deviceScaleFactor": device_scale_factor,
            "mobile": mobile,
        }
        if scale is not None:
            params["scale"] = scale
        if screen_width is not None:
            params["screenWidth"] = screen_width
        if screen_height is not None:
            params["screenHeight"] = screen_height
        if position_x is not None:
            params["positionX"] = position_x
        if position_y is not None:
            params["positionY"] = position_y
        if dont_set_visible_size is not None:
            params["dontSetVisibleSize"] = dont_set_visible_size
        if screen_orientation is not None:
            params["screenOrientation"] = screen_orientation
        if viewport is not None:
            params["viewport"] = viewport
        if display_feature is not None:
            params["displayFeature"] = display_feature
        if device_posture is not None:
            params["devicePosture"] = device_posture
        if scrollbar_type is not None:
            params["scrollbarType"] = scrollbar_type
        if screen_orientation_lock_emulation is not None:
            params["screenOrientationLockEmulation"] = screen_orientation_lock_emulation
        if viewport_meta is not None:
            params["viewportMeta"] = viewport_meta
        if text_layout_mode is not None:
            params["textLayoutMode"] = text_layout_mode
        yield {"method": "Emulation.setDeviceMetricsOverride", "params": params}

    @staticmethod
    def set_focus_emulation_enabled(enabled: bool) -> Command[None]:
        """``Emulation.setFocusEmulationEnabled``."""
        params: JSON = {
            "enabled": enabled,
        }
        yield {"method": "Emulation.setFocusEmulationEnabled", "params": params}


class IO:
    """The domain ``IO``."""

    @staticmethod
    def close(handle: str) -> Command[None]:
        """``IO.close``."""
        params: JSON = {
            "handle": handle,
        }
        yield {"method": "IO.close", "params": params}

    class ReadResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``IO.read``."""

        base64_encoded: bool | None
        data: str
        eof: bool

        @classmethod
        def from_json(cls, raw: JSON) -> IO.ReadResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                base64_encoded=get("base64Encoded"),
                data=get("data"),
                eof=get("eof"),
                raw=raw,
            )

    @staticmethod
    def read(handle: str, *, offset: int | None = None, size: int | None = None) -> Command[IO.ReadResult]:
        """``IO.read``."""
        params: JSON = {
            "handle": handle,
        }
        if offset is not None:
            params["offset"] = offset
        if size is not None:
            params["size"] = size
        answer = yield {"method": "IO.read", "params": params}
        return IO.ReadResult.from_json(answer)


class Input:
    """The domain ``Input``."""

    class DragIntercepted(Event, frozen=True, kw_only=True):
        """The event ``Input.dragIntercepted``."""

        METHOD: ClassVar[str] = "Input.dragIntercepted"

        data: JSON

        @classmethod
        def from_json(cls, raw: JSON) -> Input.DragIntercepted:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                data=get("data"),
                raw=raw,
            )

    @staticmethod
    def dispatch_drag_event(
        type: str,
        x: float,
        y: float,
        data: JSON,
        *,
        modifiers: int | None = None,
    ) -> Command[None]:
        """``Input.dispatchDragEvent``."""
        params: JSON = {
            "type": type,
            "x": x,
            "y": y,
            "data": data,
        }
        if modifiers is not None:
            params["modifiers"] = modifiers
        yield {"method": "Input.dispatchDragEvent", "params": params}

    @staticmethod
    def dispatch_key_event(
        type: str,
        *,
        modifiers: int | None = None,
        timestamp: float | None = None,
        text: str | None = None,
        unmodified_text: str | None = None,
        key_identifier: str | None = None,
        code: str | None = None,
        key: str | None = None,
        windows_virtual_key_code: int | None = None,
        native_virtual_key_code: int | None = None,
        auto_repeat: bool | None = None,
        is_keypad: bool | None = None,
        is_system_key: bool | None = None,
        location: int | None = None,
        commands: Sequence[str] | None = None,
    ) -> Command[None]:
        """``Input.dispatchKeyEvent``."""
        params: JSON = {
            "type": type,
        }
        if modifiers is not None:
            params["modifiers"] = modifiers
        if timestamp is not None:
            params["timestamp"] = timestamp
        if text is not None:
            params["text"] = text
        if unmodified_text is not None:
            params["unmodifiedText"] = unmodified_text
        if key_identifier is not None:
            params["keyIdentifier"] = key_identifier
        if code is not None:
            params["code"] = code
        if key is not None:
            params["key"] = key
        if windows_virtual_key_code is not None:
            params["windowsVirtualKeyCode"] = windows_virtual_key_code
        if native_virtual_key_code is not None:
            params["nativeVirtualKeyCode"] = native_virtual_key_code
        if auto_repeat is not None:
            params["autoRepeat"] = auto_repeat
        if is_keypad is not None:
            params["isKeypad"] = is_keypad
        if is_system_key is not None:
            params["isSystemKey"] = is_system_key
        if location is not None:
            params["location"] = location
        if commands is not None:
            params["commands"] = commands
        yield {"method": "Input.dispatchKeyEvent", "params": params}

    @staticmethod
    def dispatch_mouse_event(
        type: str,
        x: float,
        y: float,
        *,
        modifiers: int | None = None,
        timestamp: float | None = None,
        button: str | None = None,
        buttons: int | None = None,
        click_count: int | None = None,
        force: float | None = None,
        tangential_pressure: float | None = None,
        tilt_x: float | None = None,
        tilt_y: float | None = None,
        twist: int | None = None,
        delta_x: float | None = None,
        delta_y: float | None = None,
        pointer_type: str | None = None,
    ) -> Command[None]:
        """``Input.dispatchMouseEvent``."""
        params: JSON = {
            "type": type,
            "x": x,
            "y": y,
        }
        if modifiers is not None:
            params["modifiers"] = modifiers
        if timestamp is not None:
            params["timestamp"] = timestamp
        if button is not None:
            params["button"] = button
        if buttons is not None:
            params["buttons"] = buttons
        if click_count is not None:
            params["clickCount"] = click_count
        if force is not None:
            params["force"] = force
        if tangential_pressure is not None:
            params["tangentialPressure"] = tangential_pressure
        if tilt_x is not None:
            params["tiltX"] = tilt_x
        if tilt_y is not None:
            params["tiltY"] = tilt_y
        if twist is not None:
            params["twist"] = twist
        if delta_x is not None:
            params["deltaX"] = delta_x
        if delta_y is not None:
            params["deltaY"] = delta_y
        if pointer_type is not None:
            params["pointerType"] = pointer_type
        yield {"method": "Input.dispatchMouseEvent", "params": params}

    @staticmethod
    def ime_set_composition(
        text: str,
        selection_start: int,
        selection_end: int,
        *,
        replacement_start: int | None = None,
        replacement_end: int | None = None,
    ) -> Command[None]:
        """``Input.imeSetComposition``."""
        params: JSON = {
            "text": text,
            "selectionStart": selection_start,
            "selectionEnd": selection_end,
        }
        if replacement_start is not None:
            params["replacementStart"] = replacement_start
        if replacement_end is not None:
            params["replacementEnd"] = replacement_end
        yield {"method": "Input.imeSetComposition", "params": params}

    @staticmethod
    def insert_text(text: str) -> Command[None]:
        """``Input.insertText``."""
        params: JSON = {
            "text": text,
        }
        yield {"method": "Input.insertText", "params": params}

    @staticmethod
    def set_ignore_input_events(ignore: bool) -> Command[None]:
        """``Input.setIgnoreInputEvents``."""
        params: JSON = {
            "ignore": ignore,
        }
        yield {"method": "Input.setIgnoreInputEvents", "params": params}

    @staticmethod
    def set_intercept_drags(enabled: bool) -> Command[None]:
        """``Input.setInterceptDrags``."""
        params: JSON = {
            "enabled": enabled,
        }
        yield {"method": "Input.setInterceptDrags", "params": params}


class Inspector:
    """The domain ``Inspector``."""

    class Detached(Event, frozen=True, kw_only=True):
        """The event ``Inspector.detached``."""

        METHOD: ClassVar[str] = "Inspector.detached"

        reason: str

        @classmethod
        def from_json(cls, raw: JSON) -> Inspector.Detached:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                reason=get("reason"),
                raw=raw,
            )

    class TargetCrashed(Event, frozen=True, kw_only=True):
        """The event ``Inspector.targetCrashed``."""

        METHOD: ClassVar[str] = "Inspector.targetCrashed"


    class TargetReloadedAfterCrash(Event, frozen=True, kw_only=True):
        """The event ``Inspector.targetReloadedAfterCrash``."""

        METHOD: ClassVar[str] = "Inspector.targetReloadedAfterCrash"


    @staticmethod
    def disable() -> Command[None]:
        """``Inspector.disable``."""
        params: JSON = {}
        yield {"method": "Inspector.disable", "params": params}

    @staticmethod
    def enable() -> Command[None]:
        """``Inspector.enable``."""
        params: JSON = {}
        yield {"method": "Inspector.enable", "params": params}


class Log:
    """The domain ``Log``."""

    class LogEntry(WireObject, frozen=True, kw_only=True):
        """The type ``Log.LogEntry``."""

        source: str
        level: str
        text: str
        category: str | None
        timestamp: float
        url: str | None
        line_number: int | None
        stack_trace: JSON | None
        network_request_id: str | None
        worker_id: str | None
        args: tuple[Runtime.RemoteObject, ...] | None

        @classmethod
        def from_json(cls, raw: JSON) -> Log.LogEntry:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                source=get("source"),
                level=get("level"),
                text=get("text"),
                category=get("category"),
                timestamp=get("timestamp"),
                url=get("url"),
                line_number=get("lineNumber"),
                stack_trace=get("stackTrace"),
                network_request_id=get("networkRequestId"),
                worker_id=get("workerId"),
                args=parse_many(Runtime.RemoteObject.from_json, get("args")),
                raw=raw,
            )

    class EntryAdded(Event, frozen=True, kw_only=True):
        """The event ``Log.entryAdded``."""

        METHOD: ClassVar[str] = "Log.entryAdded"

        entry: Log.LogEntry

        @classmethod
        def from_json(cls, raw: JSON) -> Log.EntryAdded:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                entry=parse_one(Log.LogEntry.from_json, get("entry")),
                raw=raw,
            )

    @staticmethod
    def disable() -> Command[None]:
        """``Log.disable``."""
        params: JSON = {}
        yield {"method": "Log.disable", "params": params}

    @staticmethod
    def enable() -> Command[None]:
        """``Log.enable``."""
        params: JSON = {}
        yield {"method": "Log.enable", "params": params}


class Network:
    """The domain ``Network``."""

    class LoadNetworkResourcePageResult(WireObject, frozen=True, kw_only=True):
        """The type ``Network.LoadNetworkResourcePageResult``."""

        success: bool
        net_error: float | None
        net_error_name: str | None
        http_status_code: float | None
        stream: str | None
        headers: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.LoadNetworkResourcePageResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                success=get("success"),
                net_error=get("netError"),
                net_error_name=get("netErrorName"),
                http_status_code=get("httpStatusCode"),
                stream=get("stream"),
                headers=get("headers"),
                raw=raw,
            )

    class Request(WireObject, frozen=True, kw_only=True):
        """The type ``Network.Request``."""

        url: str
        url_fragment: str | None
        method: str
        headers: JSON
        post_data: str | None
        has_post_data: bool | None
        post_data_entries: list[JSON] | None
        mixed_content_type: str | None
        initial_priority: str
        referrer_policy: str
        is_link_preload: bool | None
        trust_token_params: JSON | None
        is_same_site: bool | None
        is_ad_related: bool | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.Request:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                url=get("url"),
                url_fragment=get("urlFragment"),
                method=get("method"),
                headers=get("headers"),
                post_data=get("postData"),
                has_post_data=get("hasPostData"),
                post_data_entries=get("postDataEntries"),
                mixed_content_type=get("mixedContentType"),
                initial_priority=get("initialPriority"),
                referrer_policy=get("referrerPolicy"),
                is_link_preload=get("isLinkPreload"),
                trust_token_params=get("trustTokenParams"),
                is_same_site=get("isSameSite"),
                is_ad_related=get("isAdRelated"),
                raw=raw,
            )

    class Response(WireObject, frozen=True, kw_only=True):
        """The type ``Network.Response``."""

        url: str
        status: int
        status_text: str
        headers: JSON
        headers_text: str | None
        mime_type: str
        charset: str
        request_headers: JSON | None
        request_headers_text: str | None
        connection_reused: bool
        connection_id: float
        remote_ip_address: str | None
        remote_port: int | None
        from_disk_cache: bool | None
        from_service_worker: bool | None
        from_prefetch_cache: bool | None
        from_early_hints: bool | None
        service_worker_router_info: JSON | None
        encoded_data_length: float
        timing: JSON | None
        service_worker_response_source: str | None
        response_time: float | None
        cache_storage_cache_name: str | None
        protocol: str | None
        alternate_protocol_usage: str | None
        security_state: str
        security_details: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.Response:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                url=get("url"),
                status=get("status"),
                status_text=get("statusText"),
                headers=get("headers"),
                headers_text=get("headersText"),
                mime_type=get("mimeType"),
                charset=get("charset"),
                request_headers=get("requestHeaders"),
                request_headers_text=get("requestHeadersText"),
                connection_reused=get("connectionReused"),
                connection_id=get("connectionId"),
                remote_ip_address=get("remoteIPAddress"),
                remote_port=get("remotePort"),
                from_disk_cache=get("fromDiskCache"),
                from_service_worker=get("fromServiceWorker"),
                from_prefetch_cache=get("fromPrefetchCache"),
                from_early_hints=get("fromEarlyHints"),
                service_worker_router_info=get("serviceWorkerRouterInfo"),
                encoded_data_length=get("encodedDataLength"),
                timing=get("timing"),
                service_worker_response_source=get("serviceWorkerResponseSource"),
                response_time=get("responseTime"),
                cache_storage_cache_name=get("cacheStorageCacheName"),
                protocol=get("protocol"),
                alternate_protocol_usage=get("alternateProtocolUsage"),
                security_state=get("securityState"),
                security_details=get("securityDetails"),
                raw=raw,
            )

    class WebSocketFrame(WireObject, frozen=True, kw_only=True):
        """The type ``Network.WebSocketFrame``."""

        opcode: float
        mask: bool
        payload_data: str

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketFrame:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                opcode=get("opcode"),
                mask=get("mask"),
                payload_data=get("payloadData"),
                raw=raw,
            )

    class DataReceived(Event, frozen=True, kw_only=True):
        """The event ``Network.dataReceived``."""

        METHOD: ClassVar[str] = "Network.dataReceived"

        request_id: str
        timestamp: float
        data_length: int
        encoded_data_length: int
        data: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.DataReceived:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                data_length=get("dataLength"),
                encoded_data_length=get("encodedDataLength"),
                data=get("data"),
                raw=raw,
            )

    class EventSourceMessageReceived(Event, frozen=True, kw_only=True):
        """The event ``Network.eventSourceMessageReceived``."""

        METHOD: ClassVar[str] = "Network.eventSourceMessageReceived"

        request_id: str
        timestamp: float
        event_name: str
        event_id: str
        data: str

        @classmethod
        def from_json(cls, raw: JSON) -> Network.EventSourceMessageReceived:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                event_name=get("eventName"),
                event_id=get("eventId"),
                data=get("data"),
                raw=raw,
            )

    class LoadingFailed(Event, frozen=True, kw_only=True):
        """The event ``Network.loadingFailed``."""

        METHOD: ClassVar[str] = "Network.loadingFailed"

        request_id: str
        timestamp: float
        type: str
        error_text: str
        canceled: bool | None
        blocked_reason: str | None
        cors_error_status: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.LoadingFailed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                type=get("type"),
                error_text=get("errorText"),
                canceled=get("canceled"),
                blocked_reason=get("blockedReason"),
                cors_error_status=get("corsErrorStatus"),
                raw=raw,
            )

    class LoadingFinished(Event, frozen=True, kw_only=True):
        """The event ``Network.loadingFinished``."""

        METHOD: ClassVar[str] = "Network.loadingFinished"

        request_id: str
        timestamp: float
        encoded_data_length: float

        @classmethod
        def from_json(cls, raw: JSON) -> Network.LoadingFinished:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                encoded_data_length=get("encodedDataLength"),
                raw=raw,
            )

    class RequestServedFromCache(Event, frozen=True, kw_only=True):
        """The event ``Network.requestServedFromCache``."""

        METHOD: ClassVar[str] = "Network.requestServedFromCache"

        request_id: str

        @classmethod
        def from_json(cls, raw: JSON) -> Network.RequestServedFromCache:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                raw=raw,
            )

    class RequestWillBeSent(Event, frozen=True, kw_only=True):
        """The event ``Network.requestWillBeSent``."""

        METHOD: ClassVar[str] = "Network.requestWillBeSent"

        request_id: str
        loader_id: str
        document_url: str
        request: Network.Request
        timestamp: float
        wall_time: float
        initiator: JSON
        redirect_has_extra_info: bool
        redirect_response: Network.Response | None
        type: str | None
        frame_id: str | None
        has_user_gesture: bool | None
        render_blocking_behavior: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.RequestWillBeSent:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                loader_id=get("loaderId"),
                document_url=get("documentURL"),
                request=parse_one(Network.Request.from_json, get("request")),
                timestamp=get("timestamp"),
                wall_time=get("wallTime"),
                initiator=get("initiator"),
                redirect_has_extra_info=get("redirectHasExtraInfo"),
                redirect_response=parse_one(Network.Response.from_json, get("redirectResponse")),
                type=get("type"),
                frame_id=get("frameId"),
                has_user_gesture=get("hasUserGesture"),
                render_blocking_behavior=get("renderBlockingBehavior"),
                raw=raw,
            )

    class RequestWillBeSentExtraInfo(Event, frozen=True, kw_only=True):
        """The event ``Network.requestWillBeSentExtraInfo``."""

        METHOD: ClassVar[str] = "Network.requestWillBeSentExtraInfo"

        request_id: str
        associated_cookies: list[JSON]
        headers: JSON
        connect_timing: JSON
        device_bound_session_usages: list[JSON] | None
        client_security_state: JSON | None
        site_has_cookie_in_other_partition: bool | None
        applied_network_conditions_id: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.RequestWillBeSentExtraInfo:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                associated_cookies=get("associatedCookies"),
                headers=get("headers"),
                connect_timing=get("connectTiming"),
                device_bound_session_usages=get("deviceBoundSessionUsages"),
                client_security_state=get("clientSecurityState"),
                site_has_cookie_in_other_partition=get("siteHasCookieInOtherPartition"),
                applied_network_conditions_id=get("appliedNetworkConditionsId"),
                raw=raw,
            )

    class ResponseReceived(Event, frozen=True, kw_only=True):
        """The event ``Network.responseReceived``."""

        METHOD: ClassVar[str] = "Network.responseReceived"

        request_id: str
        loader_id: str
        timestamp: float
        type: str
        response: Network.Response
        has_extra_info: bool
        frame_id: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.ResponseReceived:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                loader_id=get("loaderId"),
                timestamp=get("timestamp"),
                type=get("type"),
                response=parse_one(Network.Response.from_json, get("response")),
                has_extra_info=get("hasExtraInfo"),
                frame_id=get("frameId"),
                raw=raw,
            )

    class ResponseReceivedExtraInfo(Event, frozen=True, kw_only=True):
        """The event ``Network.responseReceivedExtraInfo``."""

        METHOD: ClassVar[str] = "Network.responseReceivedExtraInfo"

        request_id: str
        blocked_cookies: list[JSON]
        headers: JSON
        resource_ip_address_space: str
        status_code: int
        headers_text: str | None
        cookie_partition_key: JSON | None
        cookie_partition_key_opaque: bool | None
        exempted_cookies: list[JSON] | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.ResponseReceivedExtraInfo:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                blocked_cookies=get("blockedCookies"),
                headers=get("headers"),
                resource_ip_address_space=get("resourceIPAddressSpace"),
                status_code=get("statusCode"),
                headers_text=get("headersText"),
                cookie_partition_key=get("cookiePartitionKey"),
                cookie_partition_key_opaque=get("cookiePartitionKeyOpaque"),
                exempted_cookies=get("exemptedCookies"),
                raw=raw,
            )

    class WebSocketClosed(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketClosed``."""

        METHOD: ClassVar[str] = "Network.webSocketClosed"

        request_id: str
        timestamp: float

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketClosed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                raw=raw,
            )

    class WebSocketCreated(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketCreated``."""

        METHOD: ClassVar[str] = "Network.webSocketCreated"

        request_id: str
        url: str
        initiator: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketCreated:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                url=get("url"),
                initiator=get("initiator"),
                raw=raw,
            )

    class WebSocketFrameError(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketFrameError``."""

        METHOD: ClassVar[str] = "Network.webSocketFrameError"

        request_id: str
        timestamp: float
        error_message: str

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketFrameError:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                error_message=get("errorMessage"),
                raw=raw,
            )

    class WebSocketFrameReceived(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketFrameReceived``."""

        METHOD: ClassVar[str] = "Network.webSocketFrameReceived"

        request_id: str
        timestamp: float
        response: Network.WebSocketFrame

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketFrameReceived:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                response=parse_one(Network.WebSocketFrame.from_json, get("response")),
                raw=raw,
            )

    class WebSocketFrameSent(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketFrameSent``."""

        METHOD: ClassVar[str] = "Network.webSocketFrameSent"

        request_id: str
        timestamp: float
        response: Network.WebSocketFrame

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketFrameSent:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                response=parse_one(Network.WebSocketFrame.from_json, get("response")),
                raw=raw,
            )

    class WebSocketHandshakeResponseReceived(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketHandshakeResponseReceived``."""

        METHOD: ClassVar[str] = "Network.webSocketHandshakeResponseReceived"

        request_id: str
        timestamp: float
        response: JSON

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketHandshakeResponseReceived:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                response=get("response"),
                raw=raw,
            )

    class WebSocketWillSendHandshakeRequest(Event, frozen=True, kw_only=True):
        """The event ``Network.webSocketWillSendHandshakeRequest``."""

        METHOD: ClassVar[str] = "Network.webSocketWillSendHandshakeRequest"

        request_id: str
        timestamp: float
        wall_time: float
        request: JSON

        @classmethod
        def from_json(cls, raw: JSON) -> Network.WebSocketWillSendHandshakeRequest:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                request_id=get("requestId"),
                timestamp=get("timestamp"),
                wall_time=get("wallTime"),
                request=get("request"),
                raw=raw,
            )

    @staticmethod
    def disable() -> Command[None]:
        """``Network.disable``."""
        params: JSON = {}
        yield {"method": "Network.disable", "params": params}

    @staticmethod
    def emulate_network_conditions(
        offline: bool,
        latency: float,
        download_throughput: float,
        upload_throughput: float,
        *,
        connection_type: str | None = None,
        packet_loss: float | None = None,
        packet_queue_length: int | None = None,
        packet_reordering: bool | None = None,
    ) -> Command[None]:
        """``Network.emulateNetworkConditions``."""
        params: JSON = {
            "offline": offline,
            "latency": latency,
            "downloadThroughput": download_throughput,
            "uploadThroughput": upload_throughput,
        }
        if connection_type is not None:
            params["connectionType"] = connection_type
        if packet_loss is not None:
            params["packetLoss"] = packet_loss
        if packet_queue_length is not None:
            params["packetQueueLength"] = packet_queue_length
        if packet_reordering is not None:
            params["packetReordering"] = packet_reordering
        yield {"method": "Network.emulateNetworkConditions", "params": params}

    @staticmethod
    def enable(
        *,
        max_total_buffer_size: int | None = None,
        max_resource_buffer_size: int | None = None,
        max_post_data_size: int | None = None,
        report_direct_socket_traffic: bool | None = None,
        enable_durable_messages: bool | None = None,
    ) -> Command[None]:
        """``Network.enable``."""
        params: JSON = {}
        if max_total_buffer_size is not None:
            params["maxTotalBufferSize"] = max_total_buffer_size
        if max_resource_buffer_size is not None:
            params["maxResourceBufferSize"] = max_resource_buffer_size
        if max_post_data_size is not None:
            params["maxPostDataSize"] = max_post_data_size
        if report_direct_socket_traffic is not None:
            params["reportDirectSocketTraffic"] = report_direct_socket_traffic
        if enable_durable_messages is not None:
            params["enableDurableMessages"] = enable_durable_messages
        yield {"method": "Network.enable", "params": params}

    class GetRequestPostDataResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Network.getRequestPostData``."""

        post_data: str
        base64_encoded: bool

        @classmethod
        def from_json(cls, raw: JSON) -> Network.GetRequestPostDataResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                post_data=get("postData"),
                base64_encoded=get("base64Encoded"),
                raw=raw,
            )

    @staticmethod
    def get_request_post_data(request_id: str) -> Command[Network.GetRequestPostDataResult]:
        """``Network.getRequestPostData``."""
        params: JSON = {
            "requestId": request_id,
        }
        answer = yield {"method": "Network.getRequestPostData", "params": params}
        return Network.GetRequestPostDataResult.from_json(answer)

    class GetResponseBodyResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Network.getResponseBody``."""

        body: str
        base64_encoded: bool

        @classmethod
        def from_json(cls, raw: JSON) -> Network.GetResponseBodyResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                body=get("body"),
                base64_encoded=get("base64Encoded"),
                raw=raw,
            )

    @staticmethod
    def get_response_body(request_id: str) -> Command[Network.GetResponseBodyResult]:
        """``Network.getResponseBody``."""
        params: JSON = {
            "requestId": request_id,
        }
        answer = yield {"method": "Network.getResponseBody", "params": params}
        return Network.GetResponseBodyResult.from_json(answer)

    @staticmethod
    def load_network_resource(
        url: str,
        options: JSON,
        *,
        frame_id: str | None = None,
    ) -> Command[Network.LoadNetworkResourcePageResult]:
        """``Network.loadNetworkResource``."""
        params: JSON = {
            "url": url,
            "options": options,
        }
        if frame_id is not None:
            params["frameId"] = frame_id
        get: Callable[[str], Any] = (yield {"method": "Network.loadNetworkResource", "params": params}).get
        value: Network.LoadNetworkResourcePageResult = parse_one(Network.LoadNetworkResourcePageResult.from_json, get("resource"))
        return value

    @staticmethod
    def set_blocked_urls(
        *,
        url_patterns: Sequence[JSON] | None = None,
        urls: Sequence[str] | None = None,
    ) -> Command[None]:
        """``Network.setBlockedURLs``."""
        params: JSON = {}
        if url_patterns is not None:
            params["urlPatterns"] = url_patterns
        if urls is not None:
            params["urls"] = urls
        yield {"method": "Network.setBlockedURLs", "params": params}

    @staticmethod
    def set_bypass_service_worker(bypass: bool) -> Command[None]:
        """``Network.setBypassServiceWorker``."""
        params: JSON = {
            "bypass": bypass,
        }
        yield {"method": "Network.setBypassServiceWorker", "params": params}

    @staticmethod
    def set_cache_disabled(cache_disabled: bool) -> Command[None]:
        """``Network.setCacheDisabled``."""
        params: JSON = {
            "cacheDisabled": cache_disabled,
        }
        yield {"method": "Network.setCacheDisabled", "params": params}

    @staticmethod
    def stream_resource_content(request_id: str) -> Command[str]:
        """``Network.streamResourceContent``."""
        params: JSON = {
            "requestId": request_id,
        }
        get: Callable[[str], Any] = (yield {"method": "Network.streamResourceContent", "params": params}).get
        value: str = get("bufferedData")
        return value


class Page:
    """The domain ``Page``."""

    class Frame(WireObject, frozen=True, kw_only=True):
        """The type ``Page.Frame``."""

        id: str
        parent_id: str | None
        loader_id: str
        name: str | None
        url: str
        url_fragment: str | None
        domain_and_registry: str
        security_origin: str
        security_origin_details: JSON | None
        mime_type: str
        unreachable_url: str | None
        ad_frame_status: JSON | None
        secure_context_type: str
        cross_origin_isolated_context_type: str
        gated_api_features: list[str]

        @classmethod
        def from_json(cls, raw: JSON) -> Page.Frame:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                id=get("id"),
                parent_id=get("parentId"),
                loader_id=get("loaderId"),
                name=get("name"),
                url=get("url"),
                url_fragment=get("urlFragment"),
                domain_and_registry=get("domainAndRegistry"),
                security_origin=get("securityOrigin"),
                security_origin_details=get("securityOriginDetails"),
                mime_type=get("mimeType"),
                unreachable_url=get("unreachableUrl"),
                ad_frame_status=get("adFrameStatus"),
                secure_context_type=get("secureContextType"),
                cross_origin_isolated_context_type=get("crossOriginIsolatedContextType"),
                gated_api_features=get("gatedAPIFeatures"),
                raw=raw,
            )

    class FrameTree(WireObject, frozen=True, kw_only=True):
        """The type ``Page.FrameTree``."""

        frame: Page.Frame
        child_frames: tuple[Page.FrameTree, ...] | None

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameTree:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame=parse_one(Page.Frame.from_json, get("frame")),
                child_frames=parse_many(Page.FrameTree.from_json, get("childFrames")),
                raw=raw,
            )

    class NavigationEntry(WireObject, frozen=True, kw_only=True):
        """The type ``Page.NavigationEntry``."""

        id: int
        url: str
        user_typed_url: str
        title: str
        transition_type: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.NavigationEntry:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                id=get("id"),
                url=get("url"),
                user_typed_url=get("userTypedURL"),
                title=get("title"),
                transition_type=get("transitionType"),
                raw=raw,
            )

    class DomContentEventFired(Event, frozen=True, kw_only=True):
        """The event ``Page.domContentEventFired``."""

        METHOD: ClassVar[str] = "Page.domContentEventFired"

        timestamp: float

        @classmethod
        def from_json(cls, raw: JSON) -> Page.DomContentEventFired:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                timestamp=get("timestamp"),
                raw=raw,
            )

    class FileChooserOpened(Event, frozen=True, kw_only=True):
        """The event ``Page.fileChooserOpened``."""

        METHOD: ClassVar[str] = "Page.fileChooserOpened"

        frame_id: str
        mode: str
        backend_node_id: int | None

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FileChooserOpened:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                mode=get("mode"),
                backend_node_id=get("backendNodeId"),
                raw=raw,
            )

    class FrameAttached(Event, frozen=True, kw_only=True):
        """The event ``Page.frameAttached``."""

        METHOD: ClassVar[str] = "Page.frameAttached"

        frame_id: str
        parent_frame_id: str
        stack: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameAttached:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                parent_frame_id=get("parentFrameId"),
                stack=get("stack"),
                raw=raw,
            )

    class FrameDetached(Event, frozen=True, kw_only=True):
        """The event ``Page.frameDetached``."""

        METHOD: ClassVar[str] = "Page.frameDetached"

        frame_id: str
        reason: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameDetached:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                reason=get("reason"),
                raw=raw,
            )

    class FrameNavigated(Event, frozen=True, kw_only=True):
        """The event ``Page.frameNavigated``."""

        METHOD: ClassVar[str] = "Page.frameNavigated"

        frame: Page.Frame
        type: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameNavigated:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame=parse_one(Page.Frame.from_json, get("frame")),
                type=get("type"),
                raw=raw,
            )

    class FrameStartedLoading(Event, frozen=True, kw_only=True):
        """The event ``Page.frameStartedLoading``."""

        METHOD: ClassVar[str] = "Page.frameStartedLoading"

        frame_id: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameStartedLoading:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                raw=raw,
            )

    class FrameStartedNavigating(Event, frozen=True, kw_only=True):
        """The event ``Page.frameStartedNavigating``."""

        METHOD: ClassVar[str] = "Page.frameStartedNavigating"

        frame_id: str
        url: str
        loader_id: str
        navigation_type: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameStartedNavigating:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                url=get("url"),
                loader_id=get("loaderId"),
                navigation_type=get("navigationType"),
                raw=raw,
            )

    class FrameStoppedLoading(Event, frozen=True, kw_only=True):
        """The event ``Page.frameStoppedLoading``."""

        METHOD: ClassVar[str] = "Page.frameStoppedLoading"

        frame_id: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.FrameStoppedLoading:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                raw=raw,
            )

    class JavascriptDialogClosed(Event, frozen=True, kw_only=True):
        """The event ``Page.javascriptDialogClosed``."""

        METHOD: ClassVar[str] = "Page.javascriptDialogClosed"

        frame_id: str
        result: bool
        user_input: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.JavascriptDialogClosed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                result=get("result"),
                user_input=get("userInput"),
                raw=raw,
            )

    class JavascriptDialogOpening(Event, frozen=True, kw_only=True):
        """The event ``Page.javascriptDialogOpening``."""

        METHOD: ClassVar[str] = "Page.javascriptDialogOpening"

        url: str
        frame_id: str
        message: str
        type: str
        has_browser_handler: bool
        default_prompt: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Page.JavascriptDialogOpening:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                url=get("url"),
                frame_id=get("frameId"),
                message=get("message"),
                type=get("type"),
                has_browser_handler=get("hasBrowserHandler"),
                default_prompt=get("defaultPrompt"),
                raw=raw,
            )

    class LifecycleEvent(Event, frozen=True, kw_only=True):
        """The event ``Page.lifecycleEvent``."""

        METHOD: ClassVar[str] = "Page.lifecycleEvent"

        frame_id: str
        loader_id: str
        name: str
        timestamp: float

        @classmethod
        def from_json(cls, raw: JSON) -> Page.LifecycleEvent:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                loader_id=get("loaderId"),
                name=get("name"),
                timestamp=get("timestamp"),
                raw=raw,
            )

    class LoadEventFired(Event, frozen=True, kw_only=True):
        """The event ``Page.loadEventFired``."""

        METHOD: ClassVar[str] = "Page.loadEventFired"

        timestamp: float

        @classmethod
        def from_json(cls, raw: JSON) -> Page.LoadEventFired:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                timestamp=get("timestamp"),
                raw=raw,
            )

    class NavigatedWithinDocument(Event, frozen=True, kw_only=True):
        """The event ``Page.navigatedWithinDocument``."""

        METHOD: ClassVar[str] = "Page.navigatedWithinDocument"

        frame_id: str
        url: str
        navigation_type: str

        @classmethod
        def from_json(cls, raw: JSON) -> Page.NavigatedWithinDocument:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                url=get("url"),
                navigation_type=get("navigationType"),
                raw=raw,
            )

    class WindowOpen(Event, frozen=True, kw_only=True):
        """The event ``Page.windowOpen``."""

        METHOD: ClassVar[str] = "Page.windowOpen"

        url: str
        window_name: str
        window_features: list[str]
        user_gesture: bool

        @classmethod
        def from_json(cls, raw: JSON) -> Page.WindowOpen:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                url=get("url"),
                window_name=get("windowName"),
                window_features=get("windowFeatures"),
                user_gesture=get("userGesture"),
                raw=raw,
            )

    @staticmethod
    def add_script_to_evaluate_on_new_document(
        source: str,
        *,
        world_name: str | None = None,
        include_command_line_api: bool | None = None,
        run_immediately: bool | None = None,
    ) -> Command[str]:
        """``Page.addScriptToEvaluateOnNewDocument``."""
        params: JSON = {
            "source": source,
        }
        if world_name is not None:
            params["worldName"] = world_name
        if include_command_line_api is not None:
            params["includeCommandLineAPI"] = include_command_line_api
        if run_immediately is not None:
            params["runImmediately"] = run_immediately
        get: Callable[[str], Any] = (yield {"method": "Page.addScriptToEvaluateOnNewDocument", "params": params}).get
        value: str = get("identifier")
        return value

    @staticmethod
    def bring_to_front() -> Command[None]:
        """``Page.bringToFront``."""
        params: JSON = {}
        yield {"method": "Page.bringToFront", "params": params}

    @staticmethod
    def capture_screenshot(
        *,
        format: str | None = None,
        quality: int | None = None,
        clip: JSON | None = None,
        from_surface: bool | None = None,
        capture_beyond_viewport: bool | None = None,
        optimize_for_speed: bool | None = None,
    ) -> Command[str]:
        """``Page.captureScreenshot``."""
        params: JSON = {}
        if format is not None:
            params["format"] = format
        if quality is not None:
            params["quality"] = quality
        if clip is not None:
            params["clip"] = clip
        if from_surface is not None:
            params["fromSurface"] = from_surface
        if capture_beyond_viewport is not None:
            params["captureBeyondViewport"] = capture_beyond_viewport
        if optimize_for_speed is not None:
            params["optimizeForSpeed"] = optimize_for_speed
        get: Callable[[str], Any] = (yield {"method": "Page.captureScreenshot", "params": params}).get
        value: str = get("data")
        return value

    @staticmethod
    def close() -> Command[None]:
        """``Page.close``."""
        params: JSON = {}
        yield {"method": "Page.close", "params": params}

    @staticmethod
    def crash() -> Command[None]:
        """``Page.crash``."""
        params: JSON = {}
        yield {"method": "Page.crash", "params": params}

    @staticmethod
    def create_isolated_world(
        frame_id: str,
        *,
        world_name: str | None = None,
        grant_univeral_access: bool | None = None,
        content_security_policy: str | None = None,
    ) -> Command[int]:
        """``Page.createIsolatedWorld``."""
        params: JSON = {
            "frameId": frame_id,
        }
        if world_name is not None:
            params["worldName"] = world_name
        if grant_univeral_access is not None:
            params["grantUniveralAccess"] = grant_univeral_access
        if content_security_policy is not None:
            params["contentSecurityPolicy"] = content_security_policy
        get: Callable[[str], Any] = (yield {"method": "Page.createIsolatedWorld", "params": params}).get
        value: int = get("executionContextId")
        return value

    @staticmethod
    def disable() -> Command[None]:
        """``Page.disable``."""
        params: JSON = {}
        yield {"method": "Page.disable", "params": params}

    @staticmethod
    def enable(*, enable_file_chooser_opened_event: bool | None = None) -> Command[None]:
        """``Page.enable``."""
        params: JSON = {}
        if enable_file_chooser_opened_event is not None:
            params["enableFileChooserOpenedEvent"] = enable_file_chooser_opened_event
        yield {"method": "Page.enable", "params": params}

    @staticmethod
    def get_frame_tree() -> Command[Page.FrameTree]:
        """``Page.getFrameTree``."""
        params: JSON = {}
        get: Callable[[str], Any] = (yield {"method": "Page.getFrameTree", "params": params}).get
        value: Page.FrameTree = parse_one(Page.FrameTree.from_json, get("frameTree"))
        return value

    class GetLayoutMetricsResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Page.getLayoutMetrics``."""

        layout_viewport: JSON
        visual_viewport: JSON
        content_size: JSON
        css_layout_viewport: JSON
        css_visual_viewport: JSON
        css_content_size: JSON

        @classmethod
        def from_json(cls, raw: JSON) -> Page.GetLayoutMetricsResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                layout_viewport=get("layoutViewport"),
                visual_viewport=get("visualViewport"),
                content_size=get("contentSize"),
                css_layout_viewport=get("cssLayoutViewport"),
                css_visual_viewport=get("cssVisualViewport"),
                css_content_size=get("cssContentSize"),
                raw=raw,
            )

    @staticmethod
    def get_layout_metrics() -> Command[Page.GetLayoutMetricsResult]:
        """``Page.getLayoutMetrics``."""
        params: JSON = {}
        answer = yield {"method": "Page.getLayoutMetrics", "params": params}
        return Page.GetLayoutMetricsResult.from_json(answer)

    class GetNavigationHistoryResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Page.getNavigationHistory``."""

        current_index: int
        entries: tuple[Page.NavigationEntry, ...]

        @classmethod
        def from_json(cls, raw: JSON) -> Page.GetNavigationHistoryResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                current_index=get("currentIndex"),
                entries=parse_many(Page.NavigationEntry.from_json, get("entries")),
                raw=raw,
            )

    @staticmethod
    def get_navigation_history() -> Command[Page.GetNavigationHistoryResult]:
        """``Page.getNavigationHistory``."""
        params: JSON = {}
        answer = yield {"method": "Page.getNavigationHistory", "params": params}
        return Page.GetNavigationHistoryResult.from_json(answer)

    @staticmethod
    def handle_java_script_dialog(accept: bool, *, prompt_text: str | None = None) -> Command[None]:
        """``Page.handleJavaScriptDialog``."""
        params: JSON = {
            "accept": accept,
        }
        if prompt_text is not None:
            params["promptText"] = prompt_text
        yield {"method": "Page.handleJavaScriptDialog", "params": params}

    class NavigateResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Page.navigate``."""

        frame_id: str
        loader_id: str | None
        error_text: str | None
        is_download: bool | None

        @classmethod
        def from_json(cls, raw: JSON) -> Page.NavigateResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                frame_id=get("frameId"),
                loader_id=get("loaderId"),
                error_text=get("errorText"),
                is_download=get("isDownload"),
                raw=raw,
            )

    @staticmethod
    def navigate(
        url: str,
        *,
        referrer: str | None = None,
        transition_type: str | None = None,
        frame_id: str | None = None,
        referrer_policy: str | None = None,
    ) -> Command[Page.NavigateResult]:
        """``Page.navigate``."""
        params: JSON = {
            "url": url,
        }
        if referrer is not None:
            params["referrer"] = referrer
        if transition_type is not None:
            params["transitionType"] = transition_type
        if frame_id is not None:
            params["frameId"] = frame_id
        if referrer_policy is not None:
            params["referrerPolicy"] = referrer_policy
        answer = yield {"method": "Page.navigate", "params": params}
        return Page.NavigateResult.from_json(answer)

    @staticmethod
    def navigate_to_history_entry(entry_id: int) -> Command[None]:
        """``Page.navigateToHistoryEntry``."""
        params: JSON = {
            "entryId": entry_id,
        }
        yield {"method": "Page.navigateToHistoryEntry", "params": params}

    @staticmethod
    def reload(
        *,
        ignore_cache: bool | None = None,
        script_to_evaluate_on_load: str | None = None,
        loader_id: str | None = None,
    ) -> Command[None]:
        """``Page.reload``."""
        params: JSON = {}
        if ignore_cache is not None:
            params["ignoreCache"] = ignore_cache
        if script_to_evaluate_on_load is not None:
            params["scriptToEvaluateOnLoad"] = script_to_evaluate_on_load
        if loader_id is not None:
            params["loaderId"] = loader_id
        yield {"method": "Page.reload", "params": params}

    @staticmethod
    def remove_script_to_evaluate_on_new_document(identifier: str) -> Command[None]:
        """``Page.removeScriptToEvaluateOnNewDocument``."""
        params: JSON = {
            "identifier": identifier,
        }
        yield {"method": "Page.removeScriptToEvaluateOnNewDocument", "params": params}

    @staticmethod
    def set_intercept_file_chooser_dialog(enabled: bool, *, cancel: bool | None = None) -> Command[None]:
        """``Page.setInterceptFileChooserDialog``."""
        params: JSON = {
            "enabled": enabled,
        }
        if cancel is not None:
            params["cancel"] = cancel
        yield {"method": "Page.setInterceptFileChooserDialog", "params": params}

    @staticmethod
    def set_lifecycle_events_enabled(enabled: bool) -> Command[None]:
        """``Page.setLifecycleEventsEnabled``."""
        params: JSON = {
            "enabled": enabled,
        }
        yield {"method": "Page.setLifecycleEventsEnabled", "params": params}

    @staticmethod
    def set_web_lifecycle_state(state: str) -> Command[None]:
        """``Page.setWebLifecycleState``."""
        params: JSON = {
            "state": state,
        }
        yield {"method": "Page.setWebLifecycleState", "params": params}

    @staticmethod
    def stop_loading() -> Command[None]:
        """``Page.stopLoading``."""
        params: JSON = {}
        yield {"method": "Page.stopLoading", "params": params}


class Performance:
    """The domain ``Performance``."""

    class Metric(WireObject, frozen=True, kw_only=True):
        """The type ``Performance.Metric``."""

        name: str
        value: float

        @classmethod
        def from_json(cls, raw: JSON) -> Performance.Metric:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                name=get("name"),
                value=get("value"),
                raw=raw,
            )

    @staticmethod
    def disable() -> Command[None]:
        """``Performance.disable``."""
        params: JSON = {}
        yield {"method": "Performance.disable", "params": params}

    @staticmethod
    def enable(*, time_domain: str | None = None) -> Command[None]:
        """``Performance.enable``."""
        params: JSON = {}
        if time_domain is not None:
            params["timeDomain"] = time_domain
        yield {"method": "Performance.enable", "params": params}

    @staticmethod
    def get_metrics() -> Command[tuple[Performance.Metric, ...]]:
        """``Performance.getMetrics``."""
        params: JSON = {}
        get: Callable[[str], Any] = (yield {"method": "Performance.getMetrics", "params": params}).get
        value: tuple[Performance.Metric, ...] = parse_many(Performance.Metric.from_json, get("metrics"))
        return value


class Runtime:
    """The domain ``Runtime``."""

    class ExceptionDetails(WireObject, frozen=True, kw_only=True):
        """The type ``Runtime.ExceptionDetails``."""

        exception_id: int
        text: str
        line_number: int
        column_number: int
        script_id: str | None
        url: str | None
        stack_trace: JSON | None
        exception: Runtime.RemoteObject | None
        execution_context_id: int | None
        exception_meta_data: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.ExceptionDetails:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                exception_id=get("exceptionId"),
                text=get("text"),
                line_number=get("lineNumber"),
                column_number=get("columnNumber"),
                script_id=get("scriptId"),
                url=get("url"),
                stack_trace=get("stackTrace"),
                exception=parse_one(Runtime.RemoteObject.from_json, get("exception")),
                execution_context_id=get("executionContextId"),
                exception_meta_data=get("exceptionMetaData"),
                raw=raw,
            )

    class ExecutionContextDescription(WireObject, frozen=True, kw_only=True):
        """The type ``Runtime.ExecutionContextDescription``."""

        id: int
        origin: str
        name: str
        unique_id: str
        aux_data: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.ExecutionContextDescription:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                id=get("id"),
                origin=get("origin"),
                name=get("name"),
                unique_id=get("uniqueId"),
                aux_data=get("auxData"),
                raw=raw,
            )

    class RemoteObject(WireObject, frozen=True, kw_only=True):
        """The type ``Runtime.RemoteObject``."""

        type: str
        subtype: str | None
        class_name: str | None
        value: Any
        unserializable_value: str | None
        description: str | None
        deep_serialized_value: JSON | None
        object_id: str | None
        preview: JSON | None
        custom_preview: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.RemoteObject:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                type=get("type"),
                subtype=get("subtype"),
                class_name=get("className"),
                value=get("value"),
                unserializable_value=get("unserializableValue"),
                description=get("description"),
                deep_serialized_value=get("deepSerializedValue"),
                object_id=get("objectId"),
                preview=get("preview"),
                custom_preview=get("customPreview"),
                raw=raw,
            )

    class BindingCalled(Event, frozen=True, kw_only=True):
        """The event ``Runtime.bindingCalled``."""

        METHOD: ClassVar[str] = "Runtime.bindingCalled"

        name: str
        payload: str
        execution_context_id: int

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.BindingCalled:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                name=get("name"),
                payload=get("payload"),
                execution_context_id=get("executionContextId"),
                raw=raw,
            )

    class ConsoleAPICalled(Event, frozen=True, kw_only=True):
        """The event ``Runtime.consoleAPICalled``."""

        METHOD: ClassVar[str] = "Runtime.consoleAPICalled"

        type: str
        args: tuple[Runtime.RemoteObject, ...]
        execution_context_id: int
        timestamp: float
        stack_trace: JSON | None
        context: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.ConsoleAPICalled:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                type=get("type"),
                args=parse_many(Runtime.RemoteObject.from_json, get("args")),
                execution_context_id=get("executionContextId"),
                timestamp=get("timestamp"),
                stack_trace=get("stackTrace"),
                context=get("context"),
                raw=raw,
            )

    class ExceptionThrown(Event, frozen=True, kw_only=True):
        """The event ``Runtime.exceptionThrown``."""

        METHOD: ClassVar[str] = "Runtime.exceptionThrown"

        timestamp: float
        exception_details: Runtime.ExceptionDetails

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.ExceptionThrown:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                timestamp=get("timestamp"),
                exception_details=parse_one(Runtime.ExceptionDetails.from_json, get("exceptionDetails")),
                raw=raw,
            )

    class ExecutionContextCreated(Event, frozen=True, kw_only=True):
        """The event ``Runtime.executionContextCreated``."""

        METHOD: ClassVar[str] = "Runtime.executionContextCreated"

        context: Runtime.ExecutionContextDescription

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.ExecutionContextCreated:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                context=parse_one(Runtime.ExecutionContextDescription.from_json, get("context")),
                raw=raw,
            )

    class ExecutionContextDestroyed(Event, frozen=True, kw_only=True):
        """The event ``Runtime.executionContextDestroyed``."""

        METHOD: ClassVar[str] = "Runtime.executionContextDestroyed"

        execution_context_id: int
        execution_context_unique_id: str

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.ExecutionContextDestroyed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                execution_context_id=get("executionContextId"),
                execution_context_unique_id=get("executionContextUniqueId"),
                raw=raw,
            )

    class ExecutionContextsCleared(Event, frozen=True, kw_only=True):
        """The event ``Runtime.executionContextsCleared``."""

        METHOD: ClassVar[str] = "Runtime.executionContextsCleared"


    @staticmethod
    def add_binding(
        name: str,
        *,
        execution_context_id: int | None = None,
        execution_context_name: str | None = None,
    ) -> Command[None]:
        """``Runtime.addBinding``."""
        params: JSON = {
            "name": name,
        }
        if execution_context_id is not None:
            params["executionContextId"] = execution_context_id
        if execution_context_name is not None:
            params["executionContextName"] = execution_context_name
        yield {"method": "Runtime.addBinding", "params": params}

    class CallFunctionOnResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Runtime.callFunctionOn``."""

        result: Runtime.RemoteObject
        exception_details: Runtime.ExceptionDetails | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.CallFunctionOnResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                result=parse_one(Runtime.RemoteObject.from_json, get("result")),
                exception_details=parse_one(Runtime.ExceptionDetails.from_json, get("exceptionDetails")),
                raw=raw,
            )

    @staticmethod
    def call_function_on(
        function_declaration: str,
        *,
        object_id: str | None = None,
        arguments: Sequence[JSON] | None = None,
        silent: bool | None = None,
        return_by_value: bool | None = None,
        generate_preview: bool | None = None,
        user_gesture: bool | None = None,
        await_promise: bool | None = None,
        execution_context_id: int | None = None,
        object_group: str | None = None,
        throw_on_side_effect: bool | None = None,
        unique_context_id: str | None = None,
        serialization_options: JSON | None = None,
    ) -> Command[Runtime.CallFunctionOnResult]:
        """``Runtime.callFunctionOn``."""
        params: JSON = {
            "functionDeclaration": function_declaration,
        }
        if object_id is not None:
            params["objectId"] = object_id
        if arguments is not None:
            params["arguments"] = arguments
        if silent is not None:
            params["silent"] = silent
        if return_by_value is not None:
            params["returnByValue"] = return_by_value
        if generate_preview is not None:
            params["generatePreview"] = generate_preview
        if user_gesture is not None:
            params["userGesture"] = user_gesture
        if await_promise is not None:
            params["awaitPromise"] = await_promise
        if execution_context_id is not None:
            params["executionContextId"] = execution_context_id
        if object_group is not None:
            params["objectGroup"] = object_group
        if throw_on_side_effect is not None:
            params["throwOnSideEffect"] = throw_on_side_effect
        if unique_context_id is not None:
            params["uniqueContextId"] = unique_context_id
        if serialization_options is not None:
            params["serializationOptions"] = serialization_options
        answer = yield {"method": "Runtime.callFunctionOn", "params": params}
        return Runtime.CallFunctionOnResult.from_json(answer)

    @staticmethod
    def disable() -> Command[None]:
        """``Runtime.disable``."""
        params: JSON = {}
        yield {"method": "Runtime.disable", "params": params}

    @staticmethod
    def enable() -> Command[None]:
        """``Runtime.enable``."""
        params: JSON = {}
        yield {"method": "Runtime.enable", "params": params}

    class EvaluateResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Runtime.evaluate``."""

        result: Runtime.RemoteObject
        exception_details: Runtime.ExceptionDetails | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.EvaluateResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                result=parse_one(Runtime.RemoteObject.from_json, get("result")),
                exception_details=parse_one(Runtime.ExceptionDetails.from_json, get("exceptionDetails")),
                raw=raw,
            )

    @staticmethod
    def evaluate(
        expression: str,
        *,
        object_group: str | None = None,
        include_command_line_api: bool | None = None,
        silent: bool | None = None,
        context_id: int | None = None,
        return_by_value: bool | None = None,
        generate_preview: bool | None = None,
        user_gesture: bool | None = None,
        await_promise: bool | None = None,
        throw_on_side_effect: bool | None = None,
        timeout: float | None = None,
        disable_breaks: bool | None = None,
        repl_mode: bool | None = None,
        allow_unsafe_eval_blocked_by_csp: bool | None = None,
        unique_context_id: str | None = None,
        serialization_options: JSON | None = None,
    ) -> Command[Runtime.EvaluateResult]:
        """``Runtime.evaluate``."""
        params: JSON = {
            "expression": expression,
        }
        if object_group is not None:
            params["objectGroup"] = object_group
        if include_command_line_api is not None:
            params["includeCommandLineAPI"] = include_command_line_api
        if silent is not None:
            params["silent"] = silent
        if context_id is not None:
            params["contextId"] = context_id
        if return_by_value is not None:
            params["returnByValue"] = return_by_value
        if generate_preview is not None:
            params["generatePreview"] = generate_preview
        if user_gesture is not None:
            params["userGesture"] = user_gesture
        if await_promise is not None:
            params["awaitPromise"] = await_promise
        if throw_on_side_effect is not None:
            params["throwOnSideEffect"] = throw_on_side_effect
        if timeout is not None:
            params["timeout"] = timeout
        if disable_breaks is not None:
            params["disableBreaks"] = disable_breaks
        if repl_mode is not None:
            params["replMode"] = repl_mode
        if allow_unsafe_eval_blocked_by_csp is not None:
            params["allowUnsafeEvalBlockedByCSP"] = allow_unsafe_eval_blocked_by_csp
        if unique_context_id is not None:
            params["uniqueContextId"] = unique_context_id
        if serialization_options is not None:
            params["serializationOptions"] = serialization_options
        answer = yield {"method": "Runtime.evaluate", "params": params}
        return Runtime.EvaluateResult.from_json(answer)

    class GetHeapUsageResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Runtime.getHeapUsage``."""

        used_size: float
        total_size: float
        embedder_heap_used_size: float
        backing_storage_size: float

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.GetHeapUsageResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                used_size=get("usedSize"),
                total_size=get("totalSize"),
                embedder_heap_used_size=get("embedderHeapUsedSize"),
                backing_storage_size=get("backingStorageSize"),
                raw=raw,
            )

    @staticmethod
    def get_heap_usage() -> Command[Runtime.GetHeapUsageResult]:
        """``Runtime.getHeapUsage``."""
        params: JSON = {}
        answer = yield {"method": "Runtime.getHeapUsage", "params": params}
        return Runtime.GetHeapUsageResult.from_json(answer)

    class GetPropertiesResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Runtime.getProperties``."""

        result: list[JSON]
        internal_properties: list[JSON] | None
        private_properties: list[JSON] | None
        exception_details: Runtime.ExceptionDetails | None

        @classmethod
        def from_json(cls, raw: JSON) -> Runtime.GetPropertiesResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                result=get("result"),
                internal_properties=get("internalProperties"),
                private_properties=get("privateProperties"),
                exception_details=parse_one(Runtime.ExceptionDetails.from_json, get("exceptionDetails")),
                raw=raw,
            )

    @staticmethod
    def get_properties(
        object_id: str,
        *,
        own_properties: bool | None = None,
        accessor_properties_only: bool | None = None,
        generate_preview: bool | None = None,
        non_indexed_properties_only: bool | None = None,
    ) -> Command[Runtime.GetPropertiesResult]:
        """``Runtime.getProperties``."""
        params: JSON = {
            "objectId": object_id,
        }
        if own_properties is not None:
            params["ownProperties"] = own_properties
        if accessor_properties_only is not None:
            params["accessorPropertiesOnly"] = accessor_properties_only
        if generate_preview is not None:
            params["generatePreview"] = generate_preview
        if non_indexed_properties_only is not None:
            params["nonIndexedPropertiesOnly"] = non_indexed_properties_only
        answer = yield {"method": "Runtime.getProperties", "params": params}
        return Runtime.GetPropertiesResult.from_json(answer)

    @staticmethod
    def release_object(object_id: str) -> Command[None]:
        """``Runtime.releaseObject``."""
        params: JSON = {
            "objectId": object_id,
        }
        yield {"method": "Runtime.releaseObject", "params": params}

    @staticmethod
    def release_object_group(object_group: str) -> Command[None]:
        """``Runtime.releaseObjectGroup``."""
        params: JSON = {
            "objectGroup": object_group,
        }
        yield {"method": "Runtime.releaseObjectGroup", "params": params}

    @staticmethod
    def remove_binding(name: str) -> Command[None]:
        """``Runtime.removeBinding``."""
        params: JSON = {
            "name": name,
        }
        yield {"method": "Runtime.removeBinding", "params": params}

    @staticmethod
    def run_if_waiting_for_debugger() -> Command[None]:
        """``Runtime.runIfWaitingForDebugger``."""
        params: JSON = {}
        yield {"method": "Runtime.runIfWaitingForDebugger", "params": params}

    @staticmethod
    def terminate_execution() -> Command[None]:
        """``Runtime.terminateExecution``."""
        params: JSON = {}
        yield {"method": "Runtime.terminateExecution", "params": params}


class SystemInfo:
    """The domain ``SystemInfo``."""

    class ProcessInfo(WireObject, frozen=True, kw_only=True):
        """The type ``SystemInfo.ProcessInfo``."""

        type: str
        id: int
        cpu_time: float

        @classmethod
        def from_json(cls, raw: JSON) -> SystemInfo.ProcessInfo:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                type=get("type"),
                id=get("id"),
                cpu_time=get("cpuTime"),
                raw=raw,
            )

    class GetInfoResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``SystemInfo.getInfo``."""

        gpu: JSON
        model_name: str
        model_version: str
        command_line: str

        @classmethod
        def from_json(cls, raw: JSON) -> SystemInfo.GetInfoResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                gpu=get("gpu"),
                model_name=get("modelName"),
                model_version=get("modelVersion"),
                command_line=get("commandLine"),
                raw=raw,
            )

    @staticmethod
    def get_info() -> Command[SystemInfo.GetInfoResult]:
        """``SystemInfo.getInfo``."""
        params: JSON = {}
        answer = yield {"method": "SystemInfo.getInfo", "params": params}
        return SystemInfo.GetInfoResult.from_json(answer)

    @staticmethod
    def get_process_info() -> Command[tuple[SystemInfo.ProcessInfo, ...]]:
        """``SystemInfo.getProcessInfo``."""
        params: JSON = {}
        get: Callable[[str], Any] = (yield {"method": "SystemInfo.getProcessInfo", "params": params}).get
        value: tuple[SystemInfo.ProcessInfo, ...] = parse_many(SystemInfo.ProcessInfo.from_json, get("processInfo"))
        return value


class Target:
    """The domain ``Target``."""

    class TargetInfo(WireObject, frozen=True, kw_only=True):
        """The type ``Target.TargetInfo``."""

        target_id: str
        type: str
        title: str
        url: str
        attached: bool
        parent_id: str | None
        opener_id: str | None
        can_access_opener: bool
        opener_frame_id: str | None
        parent_frame_id: str | None
        browser_context_id: str | None
        subtype: str | None
        embedder_data: JSON | None

        @classmethod
        def from_json(cls, raw: JSON) -> Target.TargetInfo:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                target_id=get("targetId"),
                type=get("type"),
                title=get("title"),
                url=get("url"),
                attached=get("attached"),
                parent_id=get("parentId"),
                opener_id=get("openerId"),
                can_access_opener=get("canAccessOpener"),
                opener_frame_id=get("openerFrameId"),
                parent_frame_id=get("parentFrameId"),
                browser_context_id=get("browserContextId"),
                subtype=get("subtype"),
                embedder_data=get("embedderData"),
                raw=raw,
            )

    class AttachedToTarget(Event, frozen=True, kw_only=True):
        """The event ``Target.attachedToTarget``."""

        METHOD: ClassVar[str] = "Target.attachedToTarget"

        session_id: str
        target_info: Target.TargetInfo
        waiting_for_debugger: bool

        @classmethod
        def from_json(cls, raw: JSON) -> Target.AttachedToTarget:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                session_id=get("sessionId"),
                target_info=parse_one(Target.TargetInfo.from_json, get("targetInfo")),
                waiting_for_debugger=get("waitingForDebugger"),
                raw=raw,
            )

    class DetachedFromTarget(Event, frozen=True, kw_only=True):
        """The event ``Target.detachedFromTarget``."""

        METHOD: ClassVar[str] = "Target.detachedFromTarget"

        session_id: str
        target_id: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Target.DetachedFromTarget:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                session_id=get("sessionId"),
                target_id=get("targetId"),
                raw=raw,
            )

    class TargetCrashed(Event, frozen=True, kw_only=True):
        """The event ``Target.targetCrashed``."""

        METHOD: ClassVar[str] = "Target.targetCrashed"

        target_id: str
        status: str
        error_code: int

        @classmethod
        def from_json(cls, raw: JSON) -> Target.TargetCrashed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                target_id=get("targetId"),
                status=get("status"),
                error_code=get("errorCode"),
                raw=raw,
            )

    class TargetCreated(Event, frozen=True, kw_only=True):
        """The event ``Target.targetCreated``."""

        METHOD: ClassVar[str] = "Target.targetCreated"

        target_info: Target.TargetInfo

        @classmethod
        def from_json(cls, raw: JSON) -> Target.TargetCreated:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                target_info=parse_one(Target.TargetInfo.from_json, get("targetInfo")),
                raw=raw,
            )

    class TargetDestroyed(Event, frozen=True, kw_only=True):
        """The event ``Target.targetDestroyed``."""

        METHOD: ClassVar[str] = "Target.targetDestroyed"

        target_id: str

        @classmethod
        def from_json(cls, raw: JSON) -> Target.TargetDestroyed:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                target_id=get("targetId"),
                raw=raw,
            )

    class TargetInfoChanged(Event, frozen=True, kw_only=True):
        """The event ``Target.targetInfoChanged``."""

        METHOD: ClassVar[str] = "Target.targetInfoChanged"

        target_info: Target.TargetInfo

        @classmethod
        def from_json(cls, raw: JSON) -> Target.TargetInfoChanged:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                target_info=parse_one(Target.TargetInfo.from_json, get("targetInfo")),
                raw=raw,
            )

    @staticmethod
    def activate_target(target_id: str) -> Command[None]:
        """``Target.activateTarget``."""
        params: JSON = {
            "targetId": target_id,
        }
        yield {"method": "Target.activateTarget", "params": params}

    @staticmethod
    def attach_to_browser_target() -> Command[str]:
        """``Target.attachToBrowserTarget``."""
        params: JSON = {}
        get: Callable[[str], Any] = (yield {"method": "Target.attachToBrowserTarget", "params": params}).get
        value: str = get("sessionId")
        return value

    @staticmethod
    def attach_to_target(target_id: str, *, flatten: bool | None = None) -> Command[str]:
        """``Target.attachToTarget``."""
        params: JSON = {
            "targetId": target_id,
        }
        if flatten is not None:
            params["flatten"] = flatten
        get: Callable[[str], Any] = (yield {"method": "Target.attachToTarget", "params": params}).get
        value: str = get("sessionId")
        return value

    @staticmethod
    def auto_attach_related(
        target_id: str,
        wait_for_debugger_on_start: bool,
        *,
        filter: Sequence[JSON] | None = None,
    ) -> Command[None]:
        """``Target.autoAttachRelated``."""
        params: JSON = {
            "targetId": target_id,
            "waitForDebuggerOnStart": wait_for_debugger_on_start,
        }
        if filter is not None:
            params["filter"] = filter
        yield {"method": "Target.autoAttachRelated", "params": params}

    @staticmethod
    def close_target(target_id: str) -> Command[bool]:
        """``Target.closeTarget``."""
        params: JSON = {
            "targetId": target_id,
        }
        get: Callable[[str], Any] = (yield {"method": "Target.closeTarget", "params": params}).get
        value: bool = get("success")
        return value

    @staticmethod
    def create_browser_context(
        *,
        dispose_on_detach: bool | None = None,
        proxy_server: str | None = None,
        proxy_bypass_list: str | None = None,
        origins_with_universal_network_access: Sequence[str] | None = None,
    ) -> Command[str]:
        """``Target.createBrowserContext``."""
        params: JSON = {}
        if dispose_on_detach is not None:
            params["disposeOnDetach"] = dispose_on_detach
        if proxy_server is not None:
            params["proxyServer"] = proxy_server
        if proxy_bypass_list is not None:
            params["proxyBypassList"] = proxy_bypass_list
        if origins_with_universal_network_access is not None:
            params["originsWithUniversalNetworkAccess"] = origins_with_universal_network_access
        get: Callable[[str], Any] = (yield {"method": "Target.createBrowserContext", "params": params}).get
        value: str = get("browserContextId")
        return value

    @staticmethod
    def create_target(
        url: str,
        *,
        left: int | None = None,
        top: int | None = None,
        width: int | None = None,
        height: int | None = None,
        window_state: str | None = None,
        browser_context_id: str | None = None,
        enable_begin_frame_control: bool | None = None,
        new_window: bool | None = None,
        background: bool | None = None,
        for_tab: bool | None = None,
        hidden: bool | None = None,
        focus: bool | None = None,
    ) -> Command[str]:
        """``Target.createTarget``."""
        params: JSON = {
            "url": url,
        }
        if left is not None:
            params["left"] = left
        if top is not None:
            params["top"] = top
        if width is not None:
            params["width"] = width
        if height is not None:
            params["height"] = height
        if window_state is not None:
            params["windowState"] = window_state
        if browser_context_id is not None:
            params["browserContextId"] = browser_context_id
        if enable_begin_frame_control is not None:
            params["enableBeginFrameControl"] = enable_begin_frame_control
        if new_window is not None:
            params["newWindow"] = new_window
        if background is not None:
            params["background"] = background
        if for_tab is not None:
            params["forTab"] = for_tab
        if hidden is not None:
            params["hidden"] = hidden
        if focus is not None:
            params["focus"] = focus
        get: Callable[[str], Any] = (yield {"method": "Target.createTarget", "params": params}).get
        value: str = get("targetId")
        return value

    @staticmethod
    def detach_from_target(*, session_id: str | None = None, target_id: str | None = None) -> Command[None]:
        """``Target.detachFromTarget``."""
        params: JSON = {}
        if session_id is not None:
            params["sessionId"] = session_id
        if target_id is not None:
            params["targetId"] = target_id
        yield {"method": "Target.detachFromTarget", "params": params}

    @staticmethod
    def dispose_browser_context(browser_context_id: str) -> Command[None]:
        """``Target.disposeBrowserContext``."""
        params: JSON = {
            "browserContextId": browser_context_id,
        }
        yield {"method": "Target.disposeBrowserContext", "params": params}

    class GetBrowserContextsResult(WireObject, frozen=True, kw_only=True):
        """The answer to ``Target.getBrowserContexts``."""

        browser_context_ids: list[str]
        default_browser_context_id: str | None

        @classmethod
        def from_json(cls, raw: JSON) -> Target.GetBrowserContextsResult:
            """Read the wire form; what is missing becomes None."""
            get: Callable[[str], Any] = raw.get
            return cls(
                browser_context_ids=get("browserContextIds"),
                default_browser_context_id=get("defaultBrowserContextId"),
                raw=raw,
            )

    @staticmethod
    def get_browser_contexts() -> Command[Target.GetBrowserContextsResult]:
        """``Target.getBrowserContexts``."""
        params: JSON = {}
        answer = yield {"method": "Target.getBrowserContexts", "params": params}
        return Target.GetBrowserContextsResult.from_json(answer)

    @staticmethod
    def get_target_info(*, target_id: str | None = None) -> Command[Target.TargetInfo]:
        """``Target.getTargetInfo``."""
        params: JSON = {}
        if target_id is not None:
            params["targetId"] = target_id
        get: Callable[[str], Any] = (yield {"method": "Target.getTargetInfo", "params": params}).get
        value: Target.TargetInfo = parse_one(Target.TargetInfo.from_json, get("targetInfo"))
        return value

    @staticmethod
    def get_targets(*, filter: Sequence[JSON] | None = None) -> Command[tuple[Target.TargetInfo, ...]]:
        """``Target.getTargets``."""
        params: JSON = {}
        if filter is not None:
            params["filter"] = filter
        get: Callable[[str], Any] = (yield {"method": "Target.getTargets", "params": params}).get
        value: tuple[Target.TargetInfo, ...] = parse_many(Target.TargetInfo.from_json, get("targetInfos"))
        return value

    @staticmethod
    def set_auto_attach(
        auto_attach: bool,
        wait_for_debugger_on_start: bool,
        *,
        flatten: bool | None = None,
        filter: Sequence[JSON] | None = None,
    ) -> Command[None]:
        """``Target.setAutoAttach``."""
        params: JSON = {
            "autoAttach": auto_attach,
            "waitForDebuggerOnStart": wait_for_debugger_on_start,
        }
        if flatten is not None:
            params["flatten"] = flatten
        if filter is not None:
            params["filter"] = filter
        yield {"method": "Target.setAutoAttach", "params": params}

    @staticmethod
    def set_discover_targets(discover: bool, *, filter: Sequence[JSON] | None = None) -> Command[None]:
        """``Target.setDiscoverTargets``."""
        params: JSON = {
            "discover": discover,
        }
        if filter is not None:
            params["filter"] = filter
        yield {"method": "Target.setDiscoverTargets", "params": params}


EVENTS: Mapping[str, type[Event]] = {
    "Browser.downloadProgress": Browser.DownloadProgress,
    "Browser.downloadWillBegin": Browser.DownloadWillBegin,
    "Debugger.scriptParsed": Debugger.ScriptParsed,
    "Input.dragIntercepted": Input.DragIntercepted,
    "Inspector.detached": Inspector.Detached,
    "Inspector.targetCrashed": Inspector.TargetCrashed,
    "Inspector.targetReloadedAfterCrash": Inspector.TargetReloadedAfterCrash,
    "Log.entryAdded": Log.EntryAdded,
    "Network.dataReceived": Network.DataReceived,
    "Network.eventSourceMessageReceived": Network.EventSourceMessageReceived,
    "Network.loadingFailed": Network.LoadingFailed,
    "Network.loadingFinished": Network.LoadingFinished,
    "Network.requestServedFromCache": Network.RequestServedFromCache,
    "Network.requestWillBeSent": Network.RequestWillBeSent,
    "Network.requestWillBeSentExtraInfo": Network.RequestWillBeSentExtraInfo,
    "Network.responseReceived": Network.ResponseReceived,
    "Network.responseReceivedExtraInfo": Network.ResponseReceivedExtraInfo,
    "Network.webSocketClosed": Network.WebSocketClosed,
    "Network.webSocketCreated": Network.WebSocketCreated,
    "Network.webSocketFrameError": Network.WebSocketFrameError,
    "Network.webSocketFrameReceived": Network.WebSocketFrameReceived,
    "Network.webSocketFrameSent": Network.WebSocketFrameSent,
    "Network.webSocketHandshakeResponseReceived": Network.WebSocketHandshakeResponseReceived,
    "Network.webSocketWillSendHandshakeRequest": Network.WebSocketWillSendHandshakeRequest,
    "Page.domContentEventFired": Page.DomContentEventFired,
    "Page.fileChooserOpened": Page.FileChooserOpened,
    "Page.frameAttached": Page.FrameAttached,
    "Page.frameDetached": Page.FrameDetached,
    "Page.frameNavigated": Page.FrameNavigated,
    "Page.frameStartedLoading": Page.FrameStartedLoading,
    "Page.frameStartedNavigating": Page.FrameStartedNavigating,
    "Page.frameStoppedLoading": Page.FrameStoppedLoading,
    "Page.javascriptDialogClosed": Page.JavascriptDialogClosed,
    "Page.javascriptDialogOpening": Page.JavascriptDialogOpening,
    "Page.lifecycleEvent": Page.LifecycleEvent,
    "Page.loadEventFired": Page.LoadEventFired,
    "Page.navigatedWithinDocument": Page.NavigatedWithinDocument,
    "Page.windowOpen": Page.WindowOpen,
    "Runtime.bindingCalled": Runtime.BindingCalled,
    "Runtime.consoleAPICalled": Runtime.ConsoleAPICalled,
    "Runtime.exceptionThrown": Runtime.ExceptionThrown,
    "Runtime.executionContextCreated": Runtime.ExecutionContextCreated,
    "Runtime.executionContextDestroyed": Runtime.ExecutionContextDestroyed,
    "Runtime.executionContextsCleared": Runtime.ExecutionContextsCleared,
    "Target.attachedToTarget": Target.AttachedToTarget,
    "Target.detachedFromTarget": Target.DetachedFromTarget,
    "Target.targetCrashed": Target.TargetCrashed,
    "Target.targetCreated": Target.TargetCreated,
    "Target.targetDestroyed": Target.TargetDestroyed,
    "Target.targetInfoChanged": Target.TargetInfoChanged,
}
"""Every event class by the name of its method."""


def parse_event(method: str, params: JSON) -> Event:
    """Read an event; one without a class of its own becomes a :class:`RawEvent`."""
    known = EVENTS.get(method)
    return RawEvent(method=method, raw=params) if known is None else known.from_json(params)

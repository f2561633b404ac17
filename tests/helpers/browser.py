"""A browser page that notes what it asks for and what it complains of."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page

# What is no fault of the report: Snakemake brings a script of Tailwind, which says so (nothing is
# fetched); the renderer without a graphics card says how slow it is.
EXPECTED = (
    "cdn.tailwindcss.com should not be used in production",
    "GPU stall due to ReadPixels",
    "Multiple readback operations",
)


@dataclass
class Browser:
    """A page, with the address of all it asked for and each complaint it had."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        expected = any(said in message.text for said in EXPECTED)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

import NIOCore
import NIOHTTP1

/// What is served where. Confined to the admin thread.
final class AdminRoutes {
    private let inspector: Inspector
    private let census: ConnectionCensus
    private let loop: any EventLoop

    init(_ inspector: Inspector, on loop: any EventLoop) {
        self.inspector = inspector
        self.loop = loop
        census = ConnectionCensus(inspector.fleet, on: loop)
    }

    func answer(_ request: HTTPRequestHead) -> EventLoopFuture<AdminAnswer> {
        guard request.method == .GET else {
            var refusal = AdminAnswer.refusal(.methodNotAllowed, "only GET is served")
            refusal.headers.append(("Allow", "GET"))
            return now(refusal)
        }
        let parts = request.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? parts[1] : ""
        switch parts.first {
        case "/":
            return now(
                AdminAnswer(status: .ok, contentType: "text/html; charset=utf-8", body: Array(AdminPage.html.utf8))
            )
        case "/metrics": return now(metrics())
        case "/ready": return now(ready())
        case "/live": return now(.json(.ok, LivenessReport(live: true)))
        case "/status": return now(.json(.ok, inspector.status()))
        case "/endpoints": return now(.json(.ok, inspector.endpoints()))
        case "/connections": return connections(query)
        case _: return now(.text(.notFound, "served are / /metrics /ready /live /status /endpoints /connections"))
        }
    }

    private func now(_ answer: AdminAnswer) -> EventLoopFuture<AdminAnswer> { loop.makeSucceededFuture(answer) }

    private func metrics() -> AdminAnswer {
        AdminAnswer(
            status: .ok,
            contentType: "text/plain; version=0.0.4; charset=utf-8",
            body: inspector.metrics()
        )
    }

    private func ready() -> AdminAnswer {
        let readiness = inspector.readiness()
        return .json(readiness.ready ? .ok : .serviceUnavailable, readiness)
    }

    private func connections(_ query: Substring) -> EventLoopFuture<AdminAnswer> {
        guard let limit = Self.limit(query) else {
            return now(.text(.badRequest, "limit must be a whole number from 1 to \(ConnectionsReport.mostShown)"))
        }
        return census.take().assumeIsolated().map { records in
            .json(.ok, self.inspector.connections(records, limit: limit))
        }.nonisolated()
    }

    /// Nil if it is none; other parameters are nobody's.
    private static func limit(_ query: Substring) -> Int? {
        let values = query.split(separator: "&").filter { $0.hasPrefix("limit=") }
        guard let value = values.last?.dropFirst("limit=".count) else { return ConnectionsReport.defaultLimit }
        guard let limit = Int(value), limit > 0, value.utf8.allSatisfy(Name.isDigit) else { return nil }
        return min(limit, ConnectionsReport.mostShown)
    }
}

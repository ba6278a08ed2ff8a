/// A status, the handler's headers and a body, before framing.
struct Answer: Sendable {
    typealias Header = (name: String, value: String)

    var status: Int
    /// Go's net/http writes the handler's headers sorted by name; the wire form does that.
    var headers: [Header] = []
    var body: [UInt8] = []
    /// Set where Go's server itself closes afterwards.
    var closes = false

    static func text(_ status: Int, _ body: String) -> Answer {
        Answer(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(body.utf8))
    }

    static let unauthorized = text(401, "Unauthorized")
    static let forbidden = text(403, "Forbidden")
    static let permissionDenied = text(403, "Permission denied")
    static let authenticationFailed = text(500, "Server error authenticating request\n")
    static let noClusterLeader = text(500, "rpc error: No cluster leader")
    static let noPathToRegion = text(500, "rpc error: No path to region")
    static let invalidMethod = text(405, "Invalid method")
    static let missingServiceName = text(400, "missing service name")
    static let invalidURI = text(400, "invalid URI")
    static let notFound = Answer(status: 404)

    /// What a client agent seems to return for parked queries while it shuts down: an empty, zero-valued success.
    static let agentShutdown = json(Array("[]".utf8), meta: Reading(index: 0, isLeaderKnown: false))

    /// Go's ServeMux sends an unclean path to its clean form.
    static func moved(to location: String) -> Answer {
        let escaped = location.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
        return Answer(
            status: 301,
            headers: [("Content-Type", "text/html; charset=utf-8"), ("Location", location)],
            body: Array("<a href=\"\(escaped)\">Moved Permanently</a>.\n\n".utf8)
        )
    }

    static func json(_ body: [UInt8], meta: Reading, nextToken: String? = nil) -> Answer {
        var answer = Answer(status: 200, headers: [("Content-Type", "application/json")], body: body)
        answer.headers += [
            ("X-Nomad-Index", String(meta.index ?? 0)),
            ("X-Nomad-Knownleader", meta.isLeaderKnown ? "true" : "false"),
            ("X-Nomad-Lastcontact", String(meta.lastContact)),
        ]
        if let nextToken { answer.headers.append(("X-Nomad-Nexttoken", nextToken)) }
        return answer
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    mutating func setHeader(_ name: String, _ value: String?) {
        headers.removeAll { $0.name == name }
        if let value { headers.append((name, value)) }
    }
}

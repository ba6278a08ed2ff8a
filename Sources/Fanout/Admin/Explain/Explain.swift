import FoundationEssentials

/// `fanout explain`: one explanation for each endpoint that was asked for.
struct Explain {
    /// What is said of one endpoint; the JSON form of it.
    struct Item: Encodable, Equatable, Sendable {
        let service: String
        let endpoint: String
        let origin: String
        let state: EndpointState
        let getsTraffic: Bool
        let sentences: [String]
    }

    /// A service, and what may be wrong with all of it.
    struct Group: Encodable, Equatable, Sendable {
        let service: String
        let sentences: [String]
        let endpoints: [Item]
    }

    let groups: [Group]

    /// `subject` is a service, or the address, name or allocation of an endpoint; nil asks for everything.
    ///
    /// Nil when there is no such thing.
    init?(_ subject: String?, status: StatusReport, endpoints: EndpointsReport) {
        groups = endpoints.services.enumerated().compactMap { index, service in
            let isWhole = subject == nil || service.service == subject
            let chosen = service.endpoints.filter { endpoint in
                isWhole || [endpoint.address, endpoint.name, endpoint.alloc].contains(subject)
            }
            guard isWhole || !chosen.isEmpty else { return nil }
            return Group(
                service: service.service,
                sentences: Self.sentences(of: service, status.services.dropFirst(index).first),
                endpoints: chosen.map { endpoint in
                    let explanation = Explanation(of: endpoint, in: service, status: status)
                    return Item(
                        service: service.service,
                        endpoint: endpoint.name,
                        origin: endpoint.origin,
                        state: endpoint.state,
                        getsTraffic: explanation.getsTraffic,
                        sentences: explanation.sentences
                    )
                }
            )
        }
        if groups.isEmpty, subject != nil { return nil }
    }

    private static func sentences(of service: EndpointsReport.Service, _ status: StatusReport.Service?) -> [String] {
        var sentences: [String] = []
        if service.total == 0 {
            sentences.append("Has no endpoints: clients wait for one until their connect budget is spent.")
        } else {
            let usable = service.endpoints.filter(\.isUsable).count
            sentences.append(
                "Has \(Figures.counted(service.total, "endpoint")), of which \(Figures.count(usable)) can be used."
            )
        }
        if service.total > service.shown {
            sentences.append("Only \(Figures.count(service.shown)) of them are reported.")
        }
        guard let status, status.discovery.source != "fixed" else { return sentences }
        let age =
            status.discovery.ageSeconds.map { "its last answer is \(Figures.age($0)) old" } ?? "it has never answered"
        if status.discovery.failing {
            sentences.append("Discovery fails, so that this may be out of date: \(age).")
        } else if status.discovery.ageSeconds == nil {
            sentences.append("Discovery has not answered yet.")
        }
        return sentences
    }

    /// Paragraphs for a terminal or a file; control characters of names are escaped.
    var text: String {
        var lines = LineBuffer()
        for group in groups {
            if !lines.bytes.isEmpty { lines.append("\n") }
            Self.add([group.service] + group.sentences.map { "  \($0)" }, to: &lines)
            for item in group.endpoints {
                let origin = item.origin.isEmpty ? "" : " (\(item.origin))"
                Self.add(["", "  \(item.endpoint)\(origin): \(item.state.rawValue)"], to: &lines)
                Self.add(item.sentences.map { "    \($0)" }, to: &lines)
            }
        }
        return lines.text
    }

    private static func add(_ texts: [String], to lines: inout LineBuffer) {
        for text in texts {
            lines.append(line: text)
            lines.append("\n")
        }
    }

    /// One JSON object, `{"services":[...]}`.
    func json() throws -> [UInt8] { try AdminJSON.encode(["services": groups]) }
}

extension Inspector {
    /// The answer of `/metrics`.
    func metrics() -> [UInt8] {
        var text = MetricsText()
        text.appendProcess(self)
        text.appendWorkers(self)
        let labels = ServiceLabel.all(services)
        text.appendServices(self, labels)
        text.appendEndpoints(self, labels)
        text.appendDiscovery(self, labels)
        return text.bytes
    }
}

/// A value of the `service` label, and the services that share it: a series has one value.
struct ServiceLabel {
    let text: String
    let services: [Int]

    /// In the order of their first use.
    static func all(_ services: [Inspector.Service]) -> [ServiceLabel] {
        var order: [String] = []
        var members: [String: [Int]] = [:]
        for (index, service) in services.enumerated() {
            if members[service.label] == nil { order.append(service.label) }
            members[service.label, default: []].append(index)
        }
        return order.map { ServiceLabel(text: $0, services: members[$0] ?? []) }
    }
}

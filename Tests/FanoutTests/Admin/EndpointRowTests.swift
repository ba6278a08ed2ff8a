import Reactor
import Testing

@testable import Fanout

/// The rows of the metrics by endpoint, where services share a label and an endpoint.
@Suite struct EndpointRowTests {
    private let statistics: EndpointStatistics
    private let publication: Publication
    private let registry: EndpointRegistry
    private let labels: [ServiceLabel]

    init() throws {
        let names = ["redis", "other", "redis", "redis"]
        statistics = try EndpointStatistics(workers: 1, slots: SlotBook.capacity)
        publication = try Publication(
            first: EndpointSnapshot(version: 1, services: names.map { _ in nil }),
            wakeups: [Wakeup()]
        )
        registry = EndpointRegistry(
            services: names.count,
            labels: names,
            publication: publication,
            loads: try LoadTable(workers: 1, slots: SlotBook.capacity),
            statistics: statistics
        )
        labels = ["redis", "other"].map { name in
            ServiceLabel(text: name, services: names.indices.filter { names[$0] == name })
        }
    }

    /// Publishes, lets the worker see it, and takes back what is free.
    private func replace(_ service: Int, _ numbers: [Int]) {
        registry.replace(service: service, with: numbers.endpoints)
        _ = publication.adopt(worker: 0, held: nil)
        registry.tidy()
    }

    /// Connections to endpoint 1, whatever service they come by.
    private func count(_ connections: Int, by service: Int) throws {
        let address = Endpoint.numbered(1).address
        let observation = try #require(
            registry.observe().endpoints.first {
                $0.assignment.service == service && $0.assignment.endpoint.address == address
            }
        )
        for _ in 0..<connections { statistics.rows(of: 0).addConnection(to: observation.assignment.slot) }
    }

    /// What the row of endpoint 1 says; nil where there is none.
    private func total(_ label: String) -> UInt64? {
        let (observations, unnamedBefore) = registry.observe()
        let wanted = [label, Endpoint.numbered(1).address.description]
        let rows = EndpointRow.all(observations, unnamedBefore, labels)
        return rows.first { $0.labels.map(\.value) == wanted }?.counts.connections
    }

    /// A counter that falls, but not to nothing, is a burst to Prometheus.
    @Test func aSharedRowDoesNotFallWhenOneServiceGivesTheEndpointUp() throws {
        for service in 0..<4 { replace(service, [1, 2]) }
        try count(100, by: 0)
        try count(30, by: 2)
        try count(7, by: 1)
        #expect(total("redis") == 130)
        replace(0, [2])
        #expect(total("redis") == 130)
        // It comes back and begins anew, which the row does not show.
        replace(0, [1, 2])
        #expect(total("redis") == 130)
        try count(1, by: 0)
        #expect(total("redis") == 131)
        // One after the other hands on what it has and what it was handed.
        replace(2, [])
        #expect(total("redis") == 131)
        replace(0, [])
        #expect(total("redis") == 131)
        #expect(total("other") == 7)
        // With the last one the row goes, and a new one begins at nothing.
        replace(3, [])
        #expect(total("redis") == nil)
        replace(2, [1])
        #expect(total("redis") == 0)
        #expect(total("other") == 7)
    }

    /// What it was handed is not what it did itself: `/endpoints` tells of each by itself.
    @Test func countsOfOneServiceStayItsOwn() throws {
        replace(0, [1])
        replace(2, [1])
        try count(100, by: 0)
        try count(30, by: 2)
        replace(0, [])
        #expect(registry.observe().endpoints.map(\.counts.connections) == [30])
    }
}

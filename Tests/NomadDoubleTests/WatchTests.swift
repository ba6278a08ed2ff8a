import NomadDouble
import Testing

/// The table of what wakes whom, as measured on go-memdb.
@Suite("Which change wakes which query")
struct WatchTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let present: [String]
        let inserted: String
        let namespace: String
        let wakes: Bool

        init(_ present: [String], _ inserted: String, namespace: String = "default", wakes: Bool) {
            self.present = present
            self.inserted = inserted
            self.namespace = namespace
            self.wakes = wakes
        }

        var testDescription: String { "\(present) + \(namespace)/\(inserted): \(wakes ? "wakes" : "sleeps")" }
    }

    private static let table = [
        Case(["redis"], "redis", wakes: true),
        Case(["redis"], "web", wakes: false),
        Case(["redis"], "redis", namespace: "other", wakes: false),
        Case(["redis"], "redis-admin", wakes: true),
        Case(["redis"], "red", wakes: true),
        Case([], "redis", wakes: true),
        Case([], "web", wakes: true),
        Case(["api"], "web", namespace: "other", wakes: true),
        Case(["rabbit", "redis-x"], "web", wakes: false),
        Case(["rabbit", "redis-x"], "redis", wakes: true),
    ]

    @Test("the default follows the table", arguments: table)
    func siblingPrefix(example: Case) throws {
        try check(example, rule: .siblingPrefix, wakes: example.wakes)
    }

    @Test("without spurious wakes only the own service wakes", arguments: table)
    func none(example: Case) throws {
        try check(example, rule: .none, wakes: example.inserted == "redis" && example.namespace == "default")
    }

    @Test("with any, everything wakes", arguments: table)
    func any(example: Case) throws {
        try check(example, rule: .any, wakes: true)
    }

    private func check(_ example: Case, rule: SpuriousWakes, wakes: Bool) throws {
        let rig = try Rig.serving { $0.spuriousWakes = rule }
        for name in example.present { rig.double.upsert(Registration(service: name)) }
        let before = try rig.get("/v1/service/redis").text
        let client = try rig.park("/v1/service/redis?index=\(rig.double.index)")
        rig.double.upsert(Registration(service: example.inserted, namespace: example.namespace))
        #expect(rig.double.parkedQueries == (wakes ? 0 : 1))
        guard wakes else { return }
        let response = try client.response()
        #expect(response.index == "\(rig.double.index)")
        let isOwn = example.inserted == "redis" && example.namespace == "default"
        #expect((response.text == before) == !isOwn)
    }
}

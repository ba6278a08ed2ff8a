import Logging
import Reactor
import Testing

@testable import Fanout

@Suite struct EndpointResolverTests {
    /// A resolver and what it asked of its surroundings.
    private final class Fixture {
        var lookups: [String] = []
        var reminders: [(name: String, delay: Duration)] = []
        var published: [[String]] = []
        private(set) lazy var resolver = EndpointResolver(
            EndpointResolver.Surroundings(
                lookUp: { [unowned self] in self.lookups.append($0) },
                remind: { [unowned self] in self.reminders.append(($0, $1)) },
                publish: { [unowned self] in self.published.append($1.map(\.address.description)) }
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )

        func answer(_ name: String, _ hosts: String...) {
            resolver.finishLookup(of: name, .success(hosts.compactMap { SocketAddress(numericHost: $0, port: 0) }))
        }

        func fail(_ name: String) { resolver.finishLookup(of: name, .failure(LookupError(reason: "no"))) }
    }

    private func places(_ texts: (String, UInt16)...) -> [EndpointCandidate] {
        texts.map { EndpointCandidate(HostPort(host: $0.0, port: $0.1)) }
    }

    @Test func numericHostsNeedNoLookup() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("10.0.0.1", 1), ("::1", 2)))
        #expect(fixture.published == [["10.0.0.1:1", "[::1]:2"]])
        fixture.resolver.update(0, places(("10.0.0.1", 1), ("::1", 2)))
        fixture.resolver.update(0, [])
        fixture.resolver.update(1, [])
        #expect(fixture.published == [["10.0.0.1:1", "[::1]:2"], [], []])
        #expect(fixture.lookups.isEmpty)
    }

    @Test func aNameIsLookedUpOnceAndEachAddressIsAnEndpoint() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("db", 5432), ("db", 5433), ("10.0.0.1", 1)))
        #expect(fixture.published == [["10.0.0.1:1"]])
        #expect(fixture.lookups == ["db"])
        fixture.answer("db", "10.0.0.2", "10.0.0.3")
        #expect(
            fixture.published.last == [
                "10.0.0.2:5432", "10.0.0.3:5432", "10.0.0.2:5433", "10.0.0.3:5433", "10.0.0.1:1",
            ]
        )
        #expect(fixture.reminders.map(\.delay) == [.seconds(30)])
    }

    /// A failed lookup is no answer: what is in use stays, and what is not known stays unknown.
    @Test func namesThatWereNeverResolvedEmptyNothing() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("10.0.0.1", 1)))
        fixture.resolver.update(0, places(("db", 1), ("cache", 1)))
        fixture.resolver.update(1, places(("db", 2)))
        for _ in 0..<2 {
            fixture.fail("db")
            fixture.fail("cache")
            fixture.resolver.refresh()
        }
        #expect(fixture.published == [["10.0.0.1:1"]])
        fixture.answer("db", "10.0.0.2")
        #expect(Set(fixture.published) == [["10.0.0.1:1"], ["10.0.0.2:1"], ["10.0.0.2:2"]])
        // Nobody is registered any more: that is an answer.
        fixture.resolver.update(1, [])
        #expect(fixture.published.last == [])
    }

    @Test func theLastGoodAnswerOutlivesFailures() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("db", 1)))
        fixture.answer("db", "10.0.0.2")
        for expected in [1, 2, 4, 8, 16, 30, 30] {
            fixture.resolver.lookUpAgain("db")
            fixture.fail("db")
            #expect(fixture.reminders.last?.delay == .seconds(expected))
        }
        #expect(fixture.published == [["10.0.0.2:1"]])
        fixture.resolver.lookUpAgain("db")
        fixture.answer("db", "10.0.0.9")
        #expect(fixture.published == [["10.0.0.2:1"], ["10.0.0.9:1"]])
    }

    @Test func refreshLooksUpAtOnceWithoutASecondReminder() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("db", 1)))
        fixture.resolver.refresh()
        #expect(fixture.lookups == ["db"])
        fixture.answer("db", "10.0.0.2")
        fixture.resolver.refresh()
        fixture.answer("db", "10.0.0.2")
        #expect(fixture.lookups == ["db", "db"])
        #expect(fixture.reminders.count == 1)
        fixture.resolver.lookUpAgain("db")
        fixture.answer("db", "10.0.0.2")
        #expect(fixture.reminders.count == 2)
    }

    @Test func namesThatAreNoLongerUsedAreForgotten() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("db", 1)))
        fixture.resolver.update(1, places(("db", 2)))
        #expect(fixture.lookups == ["db"])
        fixture.resolver.update(0, [])
        fixture.answer("db", "10.0.0.2")
        #expect(fixture.published == [[], ["10.0.0.2:2"]])
        fixture.resolver.update(1, [])
        fixture.resolver.lookUpAgain("db")
        fixture.answer("db", "10.0.0.3")
        #expect(fixture.lookups == ["db"])
        #expect(fixture.published.count == 3)
    }

    /// Each lookup may take as long as the system's resolver has patience, and there is one thread for them.
    @Test func namesOfAPastAnswerDoNotStandInTheWay() {
        let fixture = Fixture()
        fixture.resolver.update(0, (0..<1_000).map { EndpointCandidate(HostPort(host: "gone-\($0)", port: 1)) })
        fixture.resolver.update(0, places(("db", 1)))
        while let name = fixture.lookups.last, name != "db", fixture.lookups.count < 10 { fixture.fail(name) }
        #expect(fixture.lookups.count == 2 && fixture.lookups.last == "db")
        fixture.answer("db", "10.0.0.2")
        #expect(fixture.published == [["10.0.0.2:1"]])
    }

    @Test func allNamesAreLookedUpInTheEnd() {
        let fixture = Fixture()
        fixture.resolver.update(0, places(("a", 1), ("b", 2), ("c", 3)))
        var answered = 0
        while answered < fixture.lookups.count {
            fixture.answer(fixture.lookups[answered], "10.0.0.\(answered + 1)")
            answered += 1
        }
        #expect(Set(fixture.lookups) == ["a", "b", "c"])
        #expect(fixture.published.last?.count == 3)
    }

    @Test func theSystemsResolverKnowsLocalhost() throws {
        let addresses = try NameLookup.addresses(of: "localhost").get().map(\.description)
        #expect(addresses.contains("127.0.0.1:0") || addresses.contains("[::1]:0"))
        // A label of 64 letters is refused without a query to any server (RFC 1035, section 2.3.4).
        let impossible = String(repeating: "a", count: 64) + ".invalid"
        #expect(throws: LookupError.self) { try NameLookup.addresses(of: impossible).get() }
    }
}

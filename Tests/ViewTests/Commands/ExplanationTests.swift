import Testing

@testable import Fanout

@Suite struct ExplanationTests {
    private func explain(_ sample: Sample, _ index: Int = 0) throws -> Explanation {
        let reading = try sample.reading()
        let service = reading.endpoints.services[0]
        return Explanation(of: service.endpoints[index], in: service, status: reading.status)
    }

    @Test func readyOnesAreComparedWithTheOthers() throws {
        let explanation = try explain(Sample())
        #expect(explanation.getsTraffic)
        #expect(
            explanation.sentences == [
                "Gets new connections; ready for 3.0 s.",
                "Has 2 connections now, 10 in all; the other one in use has 4.",
                "Its weight is 1, and theirs are 2.",
                "A connect to it usually takes 260 µs, and its first byte 1.30 ms more.",
            ]
        )
    }

    @Test func ejectedOnesSayWhenTheyReturn() throws {
        let explanation = try explain(Sample(), 2)
        #expect(!explanation.getsTraffic)
        #expect(
            explanation.sentences == [
                "Gets no new connections for now: 3 refused connects in a row.", "Returns in 4.2 s.",
                "Has 0 connections now, 10 in all; the other 2 in use have 3 each on average.",
                "Its weight is 1, and theirs are 1 to 2.",
                "3 connects to it failed: 3 refused; it was ejected 1 time.",
            ]
        )
    }

    /// The floor of operations.md, section 3: when all look bad, all are used.
    @Test func whenAllAreEjectedAllAreUsed() throws {
        let explanation = try explain(Sample(endpoints: [.init(address: "a:1", state: "ejected", reason: "refused")]))
        #expect(explanation.getsTraffic)
        #expect(explanation.sentences[0].contains("gets new connections all the same"))
        #expect(explanation.sentences.contains("Why it is ejected: refused."))
    }

    @Test func backupsWaitForTheFirst() throws {
        let sample = Sample(endpoints: [.init(address: "a:1", priority: 1), .init(address: "b:1")])
        let explanation = try explain(sample)
        #expect(!explanation.getsTraffic)
        #expect(
            explanation.sentences[0]
                == "Gets no new connections: it is a backup (priority 1), and 1 endpoint of priority 0 can be used."
        )
        let alone = Sample(endpoints: [.init(address: "a:1", priority: 1), .init(address: "b:1", state: "ejected")])
        #expect(try explain(alone).getsTraffic)
    }

    @Test(arguments: [
        (Sample.Endpoint(address: "a:1", tags: ["fanout.canary=1"]), false, "it is not promoted yet"),
        (.init(address: "a:1", state: "draining", reason: "its tag fanout.drain=1"), false, "its tag fanout.drain=1"),
        (.init(address: "a:1", state: "removed"), false, "discovery does not name it any more"),
        (.init(address: "a:1", state: "new"), true, "at first fewer than its share"),
        (.init(address: "a:1", state: "suspect", reason: "2 resets"), true, "may be ejected: 2 resets"),
        (.init(address: "a:1", zone: "b"), true, "Gets new connections"),
    ])
    func eachStateHasItsReason(endpoint: Sample.Endpoint, gets: Bool, expected: String) throws {
        let explanation = try explain(Sample(endpoints: [endpoint, .init(address: "b:1")]))
        #expect(explanation.getsTraffic == gets)
        #expect(explanation.sentences[0].contains(expected))
        #expect(explanation.sentences.contains("It is in zone b.") == (endpoint.zone != nil))
    }

    @Test func aDrainingFanoutTakesNone() throws {
        let explanation = try explain(Sample(state: "draining"))
        #expect(!explanation.getsTraffic)
        #expect(explanation.sentences[0] == "Gets no new connections: Fanout drains and takes none.")
    }
}

@Suite struct ExplainTests {
    private func explain(_ subject: String?, _ sample: Sample = Sample()) throws -> Explain? {
        let reading = try sample.reading()
        return Explain(subject, status: reading.status, endpoints: reading.endpoints)
    }

    @Test(
        arguments: [
            (nil, 3), ("redis", 3), ("10.0.0.7:23000", 1), ("2873cf75-42e5-7c45-ca1c-415f3e18be3d", 1),
        ] as [(String?, Int)]
    )
    func findsWhatIsAskedFor(subject: String?, count: Int) throws {
        #expect(try explain(subject)?.groups.flatMap(\.endpoints).count == count)
    }

    @Test func anythingElseIsNothing() throws {
        #expect(try explain("10.0.0.99:1") == nil)
        #expect(try explain("") == nil)
    }

    @Test func saysWhatIsWrongWithAll() throws {
        let empty = try #require(try explain(nil, Sample(discoveryFails: true, endpoints: [])))
        #expect(
            empty.groups[0].sentences == [
                "Has no endpoints: clients wait for one until their connect budget is spent.",
                "Discovery fails, so that this may be out of date: its last answer is 1.0 s old.",
            ]
        )
    }

    @Test func textHasALineForEachSentence() throws {
        let text = try #require(try explain("10.0.0.9:23000")).text
        #expect(
            text.hasPrefix(
                """
                redis
                  Has 3 endpoints, of which 2 can be used.

                  10.0.0.9:23000 (dc1): ejected
                    Gets no new connections for now: 3 refused connects in a row.
                    Returns in 4.2 s.

                """
            )
        )
    }

    @Test func foreignTextStaysOnItsLine() throws {
        let sample = Sample(endpoints: [.init(address: "\u{1b}[2J\nx:1", state: "ejected", reason: "a\nb")])
        let text = try #require(try explain(nil, sample)).text
        #expect(!text.contains("\u{1b}"))
        #expect(text.contains("\\u001b[2J\\nx:1"))
        #expect(text.contains("a\\nb"))
    }
}

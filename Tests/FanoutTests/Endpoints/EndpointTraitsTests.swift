import Testing

@testable import Fanout

@Suite struct EndpointTraitsTests {
    @Test func tagsSayWhatTheyMean() {
        let traits = EndpointTraits(tags: [
            "v1", "fanout.weight=3", "fanout.priority=1", "fanout.zone=eu-1=a", "fanout.drain=1", "fanout.canary=0",
        ])
        #expect(traits.weight == 3)
        #expect(traits.priority == 1)
        #expect(traits.zone == "eu-1=a")
        #expect(traits.isDraining)
        #expect(traits.misunderstood.isEmpty)
    }

    @Test(arguments: [
        "fanout.weight=0", "fanout.weight=1001", "fanout.weight=heavy", "fanout.weight", "fanout.priority=-1",
        "fanout.zone=", "fanout.drain=yes", "fanout.wieght=2", "fanout.canary=true",
    ])
    func whatIsNotUnderstoodChangesNothingAndIsTold(tag: String) {
        let traits = EndpointTraits(tags: [tag])
        #expect(traits.misunderstood == [tag])
        #expect(traits.weight == 1 && traits.priority == 0 && traits.zone == nil && !traits.isDraining)
    }

    @Test func preferencesMatchTheirOwnKindOnly() {
        var endpoint = Endpoint.numbered(1)
        endpoint.nodeID = "a"
        endpoint.datacenter = "b"
        endpoint.tags = ["fanout.zone=c"]
        func matches(_ preference: Preference) -> Bool { preference.matches(endpoint, endpoint.traits) }
        #expect(matches(.node("a")) && matches(.datacenter("b")) && matches(.zone("c")))
        #expect(!matches(.node("b")) && !matches(.datacenter("c")) && !matches(.zone("a")))
    }
}

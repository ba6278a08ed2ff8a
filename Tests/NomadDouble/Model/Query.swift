/// A read as the agent understood it: the endpoint, its scope and the query options.
struct Query: Sendable {
    var watch: Watch
    var options: QueryOptions

    var isBlocking: Bool { options.index > 0 }
}

/// The options that every read shares (`structs.QueryOptions`).
struct QueryOptions: Sendable {
    /// Nomad's bound on a blocking query, in seconds; its documentation says ten minutes, its code five.
    static let longestWait = 300.0

    var namespace = "default"
    var region: String?
    var index: UInt64 = 0
    /// Seconds, as asked for.
    var wait = 0.0
    var isStale = false
    var perPage = 0
    var nextToken = ""
    var filter = ""
    var choose = ""
    var isPretty = false

    /// Seconds a query may be held, before the random sixteenth: zero and negative mean the longest.
    var cappedWait: Double {
        wait <= 0 || wait > Self.longestWait ? Self.longestWait : wait
    }
}

/// The state of one moment that an answer is made of.
struct Reading: Sendable {
    /// `nil` for the list of services that no policy allows: Nomad then sets no index at all, so the header says 0.
    var index: UInt64?
    var isLeaderKnown = true
    /// Milliseconds since the answering server heard of a leader.
    var lastContact: UInt64 = 0
    var rows: [RegistrationTable.Row] = []
    var stubs: [ServiceStub] = []
}

/// One service of `GET /v1/services`, its tags the union over its instances.
struct ServiceStub: Sendable {
    var key: ServiceKey
    var tags: [String]
}

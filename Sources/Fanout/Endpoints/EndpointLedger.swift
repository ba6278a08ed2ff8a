import Reactor

/// Whose the numbers of an endpoint slot are: from which on they are the present endpoint's, and by which name they go.
///
/// Not synchronised: the registry calls it under its lock.
struct EndpointLedger {
    /// Endpoints of one service that metrics name; what happens on others is summed up, the rest of a scrape's size.
    static let mostNamed = 100

    /// One endpoint's hold of a slot.
    struct Account: Sendable {
        let service: Int
        /// Whether metrics name it. It stays so until the slot is given back: numbers never move between names.
        let isNamed: Bool
        /// When it came to its present state.
        fileprivate(set) var since: Deadline
        fileprivate var ejections: UInt64 = 0
        /// What others have left in the slot.
        fileprivate let before: EndpointCounts
        /// What was counted for the same endpoint and name of metrics on slots that are given back.
        fileprivate(set) var inherited = EndpointCounts()
    }

    private let statistics: EndpointStatistics
    private var accounts: [UInt32: Account] = [:]
    private var named: [Int]
    /// What endpoints without a name of their own have left behind, for each service.
    private var unnamedBefore: [EndpointCounts]

    init(services: Int, statistics: EndpointStatistics) {
        self.statistics = statistics
        named = Array(repeating: 0, count: services)
        unnamedBefore = Array(repeating: EndpointCounts(), count: services)
    }

    /// An endpoint gets a slot, or one that was leaving comes back to its own.
    mutating func enter(_ slot: UInt32, service: Int) {
        if accounts[slot] == nil {
            let isNamed = named[service] < Self.mostNamed
            if isNamed { named[service] += 1 }
            let before = statistics.counts(of: slot)
            accounts[slot] = Account(service: service, isNamed: isNamed, since: .now(), before: before)
        } else {
            accounts[slot]?.since = .now()
        }
    }

    /// An endpoint has left; sessions may be left on it.
    mutating func leave(_ slot: UInt32) { accounts[slot]?.since = .now() }

    /// The endpoint was ejected once more.
    mutating func addEjection(to slot: UInt32) { accounts[slot]?.ejections &+= 1 }

    /// The slot is given back; nobody counts in it any more.
    ///
    /// - Parameter heir: a slot whose numbers are summed with these under one name: that sum must not fall.
    mutating func close(_ slot: UInt32, heir: UInt32? = nil) {
        guard let account = accounts.removeValue(forKey: slot) else { return }
        if account.isNamed {
            named[account.service] -= 1
            guard let heir, accounts[heir]?.isNamed == true else { return }
            var estate = counts(of: slot, account)
            estate.add(account.inherited)
            accounts[heir]?.inherited.add(estate)
        } else {
            unnamedBefore[account.service].add(counts(of: slot, account))
        }
    }

    func account(of slot: UInt32) -> Account? { accounts[slot] }

    /// What has happened on the present endpoint of a slot.
    func counts(of slot: UInt32) -> EndpointCounts {
        accounts[slot].map { counts(of: slot, $0) } ?? EndpointCounts()
    }

    /// What happened on endpoints of a service that had no name of their own and are gone.
    func unnamedBefore(_ service: Int) -> EndpointCounts { unnamedBefore[service] }

    private func counts(of slot: UInt32, _ account: Account) -> EndpointCounts {
        var counts = statistics.counts(of: slot)
        counts.subtract(account.before)
        counts.ejections = account.ejections
        return counts
    }
}

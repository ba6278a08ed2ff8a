/// The queries that are blocked now, grouped by what they watch so that a write looks at each watch once.
struct ParkedQueries: Sendable {
    struct Parked: Sendable {
        let query: Query
        /// Called outside the lock, on any thread; `true` means: answer now, whatever the index.
        let resume: @Sendable (_ isReleased: Bool) -> Void
    }

    private var groups: [Watch: [UInt64: Parked]] = [:]

    var watches: [Watch] { Array(groups.keys) }

    mutating func insert(_ parked: Parked, id: UInt64) {
        groups[parked.query.watch, default: [:]][id] = parked
    }

    @discardableResult
    mutating func remove(id: UInt64, watch: Watch) -> Bool {
        let removed = groups[watch]?.removeValue(forKey: id) != nil
        if groups[watch]?.isEmpty == true { groups[watch] = nil }
        return removed
    }

    /// Takes out the queries on `watch` for which `isReady` holds.
    mutating func take(_ watch: Watch, where isReady: (Query) -> Bool) -> [Parked] {
        guard let group = groups[watch] else { return [] }
        let ready = group.filter { isReady($0.value.query) }
        for id in ready.keys { remove(id: id, watch: watch) }
        return Array(ready.values)
    }

    func count(where isCounted: (Watch) -> Bool) -> Int {
        groups.reduce(0) { $0 + (isCounted($1.key) ? $1.value.count : 0) }
    }
}

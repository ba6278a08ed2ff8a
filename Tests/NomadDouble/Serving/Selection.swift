/// The part of a reading that the query's filter, choice and page leave, as JSON.
struct Selection {
    let body: [UInt8]
    /// The next page's first item, if there is another page.
    let nextToken: String?

    init(_ reading: Reading, _ query: Query) {
        switch query.watch {
        case .namespace, .everyNamespace:
            body = RegistrationJSON.encode(reading.stubs)
            nextToken = nil
        case .service:
            var rows = reading.rows
            if let filter = try? Filter(query.options.filter) { rows = rows.filter { filter.matches($0.registration) } }
            if let choice = Choice(query.options.choose) { rows = choice.choose(from: rows) }
            if !query.options.nextToken.isEmpty {
                rows = rows.filter { !Self.token(of: $0).utf8.lexicographicallyPrecedes(query.options.nextToken.utf8) }
            }
            let page = query.options.perPage
            nextToken = page > 0 && rows.count > page ? Self.token(of: rows[page]) : nil
            if page > 0 { rows = Array(rows.prefix(page)) }
            body = JSONText.array(rows.map(\.json))
        }
    }

    /// The answer to options that Nomad refuses after it has parsed the request.
    static func refusal(of options: QueryOptions) -> Answer? {
        if !options.choose.isEmpty, Choice(options.choose) == nil {
            return .text(
                400,
                "failed to choose services: Parameter for choose must be in form '<number>|<key>'"
            )
        }
        do {
            _ = try Filter(options.filter)
            return nil
        } catch {
            let context = "failed to create result paginator: failed to read filter expression"
            return .text(400, "\(context): \(error.text)")
        }
    }

    private static func token(of row: RegistrationTable.Row) -> String {
        "\(row.registration.namespace).\(row.registration.id)"
    }
}

/// `choose=N|key`: N instances, the same ones for the same key (rendezvous hashing).
struct Choice {
    private let number: Int
    private let key: String

    init?(_ text: String) {
        let parts = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), number > 0, !parts[1].isEmpty else { return nil }
        self.number = number
        key = String(parts[1])
    }

    func choose(from rows: [RegistrationTable.Row]) -> [RegistrationTable.Row] {
        let ranked = rows.map { (row: $0, score: score($0.registration.id)) }.sorted { $0.score > $1.score }
        return ranked.prefix(number).map(\.row)
    }

    /// FNV-1a, mixed; Nomad hashes with SHA-256 since 2.0.5.
    private func score(_ id: String) -> UInt64 {
        let hash = (key + id).utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var mixer = Randomness(seed: hash)
        return mixer.next()
    }
}

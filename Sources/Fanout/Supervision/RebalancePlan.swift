/// How many sessions are to leave each endpoint of one service within the next second.
struct RebalancePlan {
    struct Endpoint: Equatable {
        let slot: UInt32
        let sessions: Int
        /// Of the traffic that it is to have, beside the others.
        var weight = 1
    }

    /// An endpoint may be off its share by a part in so many before anything moves.
    static let tolerance = 10.0
    /// And by this many sessions, where shares are small.
    static let leastTolerance = 0.5
    /// Of an endpoint's sessions a part in so many leaves in one second at most, and one in any case.
    static let mostMoved = 20

    /// Those that count: all but the ones below their share that cannot be connected to.
    let endpoints: [Endpoint]
    private let sessions: Double
    private let weights: Double

    /// - Parameter isConnectable: asked for endpoints that are to get sessions.
    init(_ endpoints: [Endpoint], isConnectable: (Endpoint) -> Bool) {
        let everywhere = RebalancePlan(counting: endpoints)
        self.init(
            counting: endpoints.filter { Double($0.sessions) >= everywhere.share(of: $0) || isConnectable($0) }
        )
    }

    private init(counting endpoints: [Endpoint]) {
        self.endpoints = endpoints
        sessions = Double(endpoints.reduce(0) { $0 + $1.sessions })
        weights = Double(endpoints.reduce(0) { $0 + $1.weight })
    }

    func share(of endpoint: Endpoint) -> Double {
        weights > 0 ? sessions * Double(endpoint.weight) / weights : 0
    }

    var isBalanced: Bool {
        endpoints.allSatisfy { endpoint in
            let share = share(of: endpoint)
            return abs(Double(endpoint.sessions) - share) <= max(Self.leastTolerance, share / Self.tolerance)
        }
    }

    /// Nothing while it is balanced. Else from those above their share, as many as are too many there or missing elsewhere.
    ///
    /// Shares are seldom whole: nobody is made to leave for a part of a session.
    var moves: [(slot: UInt32, count: UInt32)] {
        guard !isBalanced else { return [] }
        var tooMany = 0
        var missing = 0
        for endpoint in endpoints {
            tooMany += max(0, endpoint.sessions - Int(share(of: endpoint).rounded(.up)))
            missing += max(0, Int(share(of: endpoint)) - endpoint.sessions)
        }
        var left = max(tooMany, missing)
        var moves: [(slot: UInt32, count: UInt32)] = []
        for endpoint in endpoints.sorted(by: { $0.sessions > $1.sessions }) {
            let surplus = endpoint.sessions - Int(share(of: endpoint))
            let count = min(surplus, max(1, endpoint.sessions / Self.mostMoved), left)
            guard count > 0 else { continue }
            left -= count
            moves.append((endpoint.slot, UInt32(count)))
        }
        return moves
    }
}

/// What happened in half a second of virtual time.
struct Window {
    static let length: UInt64 = 500_000_000

    /// Seconds since the start, of its end.
    var end = 0.0
    var phase = 0
    /// Clients that were served or given up.
    var connections = 0
    /// Clients that saw an error: no connect within the budget, or a session that was closed at once.
    var errors = 0
    /// Connects that failed or were overtaken.
    var failedTries = 0
    var hedges = 0
    /// Connections that needed more than one connect, or saw an error.
    var troubled = 0
    /// Milliseconds between a client's coming and the beginning of the connect that served it, all together.
    var added = 0.0
    /// Of the connections on each serving endpoint, at the end of the window.
    var greatestByMean = 0.0
    var variation = 0.0
    /// New connections of newcomers, by what would be their fair share; nil where there are none.
    var newcomersShare: Double?

    var troubledShare: Double { connections > 0 ? Double(troubled) / Double(connections) : 0 }
    var errorShare: Double { connections > 0 ? Double(errors) / Double(connections) : 0 }

    mutating func measure(_ sites: [Site]) {
        let serving = sites.filter { $0.behaviour.serves }
        let mean = Double(serving.reduce(0) { $0 + $1.load }) / Double(max(1, serving.count))
        if mean > 0 {
            let squares = serving.reduce(0.0) { $0 + (Double($1.load) - mean) * (Double($1.load) - mean) }
            variation = (squares / Double(serving.count)).squareRoot() / mean
            greatestByMean = Double(serving.map(\.load).max() ?? 0) / mean
        }
        let newcomers = serving.filter(\.isNewcomer)
        let begun = serving.reduce(0) { $0 + $1.begun }
        if !newcomers.isEmpty, begun > 0 {
            let fair = Double(begun) * Double(newcomers.count) / Double(serving.count)
            newcomersShare = Double(newcomers.reduce(0) { $0 + $1.begun }) / fair
        }
    }
}

/// The connections of the admin endpoint, the oldest first; confined to the admin thread.
///
/// At the limit the one that has been there longest and has no answer under way makes room: so clients that only hold
/// connections cannot keep a scraper out.
final class AdminCrowd {
    static let limit = 16

    private var connections: [AdminConnection] = []

    /// False when all others are being answered.
    func enter(_ connection: AdminConnection) -> Bool {
        if connections.count >= Self.limit {
            guard let idle = connections.first(where: \.isIdle) else { return false }
            leave(idle)
            idle.close()
        }
        connections.append(connection)
        return true
    }

    func leave(_ connection: AdminConnection) {
        connections.removeAll { $0 === connection }
    }
}

/// One client's connection, from its coming to the end of its session.
struct Connection {
    /// A connect to one endpoint.
    struct Attempt {
        let number: UInt32
        let slot: UInt32
        let site: Int
        let began: UInt64
    }

    let sidecar: Int
    let accepted: UInt64
    var tried = TriedEndpoints()
    /// What is in flight while it dials; when it has connected, where it is.
    var main: Attempt?
    var spare: Attempt?
    /// Whether it needed more than one connect, or ended badly.
    var isTroubled = false
}

/// Preferences as operators write them.
extension Preference {
    init(parsing text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Self.expected }
        switch parts[0] {
        case "zone": self = .zone(parts[1])
        case "node": self = .node(parts[1])
        case "datacenter": self = .datacenter(parts[1])
        case _: throw Self.expected
        }
    }

    private static let expected = InvalidValue("zone=NAME, node=ID or datacenter=NAME")
}

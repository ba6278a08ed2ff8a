/// A place whose endpoints are preferred: `--prefer zone=NAME`, `node=ID` or `datacenter=NAME`, the nearest first.
enum Preference: Hashable, Sendable {
    case zone(String)
    case node(String)
    case datacenter(String)

    func matches(_ endpoint: Endpoint, _ traits: EndpointTraits) -> Bool {
        switch self {
        case .zone(let name): traits.zone == name
        case .node(let id): endpoint.nodeID == id
        case .datacenter(let name): endpoint.datacenter == name
        }
    }
}

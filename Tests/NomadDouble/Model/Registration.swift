import FoundationEssentials

/// One row of Nomad's service registration table, as `GET /v1/service/:name` shows it.
///
/// `createIndex` and `modifyIndex` belong to the table: `upsert` ignores and sets them, only a snapshot carries them.
public struct Registration: Sendable, Equatable {
    public var id: String
    public var serviceName: String
    public var namespace: String
    public var nodeID: String
    public var datacenter: String
    public var jobID: String
    public var allocID: String
    /// `nil` is encoded as `null`, which real clients may send too.
    public var tags: [String]?
    /// May be empty, a host name, IPv4, or IPv6 without brackets.
    public var address: String
    /// `0` when the service has no port.
    public var port: Int
    public var createIndex: UInt64 = 0
    public var modifyIndex: UInt64 = 0

    /// A registration as a group service of a job would have it; whatever is not given is generated realistically.
    public init(
        service: String,
        address: String = "127.0.0.1",
        port: Int = 0,
        namespace: String = "default",
        tags: [String]? = [],
        id: String? = nil,
        allocID: String? = nil,
        nodeID: String? = nil,
        datacenter: String = "dc1",
        jobID: String? = nil
    ) {
        let allocation = allocID ?? newUUID()
        let job = jobID ?? service
        self.id = id ?? "_nomad-task-\(allocation)-group-\(job)-\(service)-tcp"
        self.serviceName = service
        self.namespace = namespace
        self.nodeID = nodeID ?? newUUID()
        self.datacenter = datacenter
        self.jobID = job
        self.allocID = allocation
        self.tags = tags
        self.address = address
        self.port = port
    }

    var key: ServiceKey { ServiceKey(namespace: namespace, name: serviceName) }

    /// Whether nothing but the two indexes differs: such an upsert changes nothing (`upsertServiceRegistrationTxn`).
    func hasSameContent(as other: Registration) -> Bool {
        var copy = other
        copy.createIndex = createIndex
        copy.modifyIndex = modifyIndex
        return copy == self
    }
}

/// A service within its namespace: what a blocking query watches.
struct ServiceKey: Hashable, Sendable {
    var namespace: String
    var name: String
}

/// A new lower-case UUID, the form of Nomad's node and allocation IDs.
func newUUID() -> String { UUID().uuidString.lowercased() }

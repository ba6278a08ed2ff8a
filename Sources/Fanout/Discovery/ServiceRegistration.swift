import FoundationEssentials
import NIOCore

/// One row of Nomad's service catalogue, as `GET /v1/service/NAME` gives it.
struct ServiceRegistration: Hashable, Sendable {
    var id = ""
    var serviceName = ""
    var namespace = ""
    var nodeID = ""
    var datacenter = ""
    var jobID = ""
    var allocationID = ""
    var tags: [String] = []
    /// An IPv4 or IPv6 address without brackets, a host name, or empty.
    var address = ""
    /// 0 for a service without a port; nothing keeps it in the range of a port.
    var port = 0
    var createIndex: UInt64 = 0
    var modifyIndex: UInt64 = 0
}

extension ServiceRegistration: Decodable {
    private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case serviceName = "ServiceName"
        case namespace = "Namespace"
        case nodeID = "NodeID"
        case datacenter = "Datacenter"
        case jobID = "JobID"
        case allocationID = "AllocID"
        case tags = "Tags"
        case address = "Address"
        case port = "Port"
        case createIndex = "CreateIndex"
        case modifyIndex = "ModifyIndex"
    }

    /// Unknown keys are ignored, missing ones get the zero value, `Tags` may be null; a wrong type is an error.
    init(from decoder: any Decoder) throws {
        let row = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
            if row.contains(key) { value = try row.decode(Value.self, forKey: key) }
        }
        try read(.id, into: &id)
        try read(.serviceName, into: &serviceName)
        try read(.namespace, into: &namespace)
        try read(.nodeID, into: &nodeID)
        try read(.datacenter, into: &datacenter)
        try read(.jobID, into: &jobID)
        try read(.allocationID, into: &allocationID)
        tags = try row.decodeIfPresent([String].self, forKey: .tags) ?? []
        try read(.address, into: &address)
        try read(.port, into: &port)
        try read(.createIndex, into: &createIndex)
        try read(.modifyIndex, into: &modifyIndex)
    }

    /// The most rows of an answer; of these ``UsableRegistrations/limit`` are used.
    static let mostRows = 20_000
    /// The most values in an answer, keys among them: a row as Nomad writes it has about 26.
    static let mostValues = 600_000

    /// Decodes a whole answer or nothing: one row that is not as it should be makes all of them suspect.
    static func decode(_ body: ByteBuffer) throws(DiscoveryFailure) -> [ServiceRegistration] {
        let size = JSONSize(body)
        guard size.elements <= mostRows, size.values <= mostValues else {
            throw .invalidBody("more than \(mostRows) rows or \(mostValues) values")
        }
        do {
            return try JSONDecoder().decode([ServiceRegistration].self, from: Data(body.readableBytesView))
        } catch {
            throw .invalidBody(explanation(of: error))
        }
    }

    private static func explanation(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default:
                nil
            }
        let place = context?.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue } ?? []
        return place.isEmpty ? "not JSON, or no array" : "wrong type at \(place.joined(separator: "."))"
    }
}

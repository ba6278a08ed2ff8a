/// The JSON of the two endpoints: keys in alphabetical order, no blanks, no newline.
enum RegistrationJSON {
    typealias Field = (key: String, value: [UInt8])

    static func encode(_ registration: Registration) -> [UInt8] { JSONText.object(fields(of: registration)) }

    static func fields(of registration: Registration) -> [Field] {
        [
            ("Address", JSONText.string(registration.address)),
            ("AllocID", JSONText.string(registration.allocID)),
            ("CreateIndex", Array(String(registration.createIndex).utf8)),
            ("Datacenter", JSONText.string(registration.datacenter)),
            ("ID", JSONText.string(registration.id)),
            ("JobID", JSONText.string(registration.jobID)),
            ("ModifyIndex", Array(String(registration.modifyIndex).utf8)),
            ("Namespace", JSONText.string(registration.namespace)),
            ("NodeID", JSONText.string(registration.nodeID)),
            ("Port", Array(String(registration.port).utf8)),
            ("ServiceName", JSONText.string(registration.serviceName)),
            ("Tags", registration.tags.map(JSONText.strings) ?? Array("null".utf8)),
        ]
    }

    /// The list of services, one object a namespace in the order of their names.
    static func encode(_ stubs: [ServiceStub]) -> [UInt8] {
        let namespaces = Set(stubs.map(\.key.namespace)).sorted()
        return JSONText.array(
            namespaces.map { namespace in
                let services = stubs.filter { $0.key.namespace == namespace }
                    .map {
                        JSONText.object([
                            ("ServiceName", JSONText.string($0.key.name)), ("Tags", JSONText.strings($0.tags)),
                        ])
                    }
                return JSONText.object([
                    ("Namespace", JSONText.string(namespace)), ("Services", JSONText.array(services)),
                ])
            }
        )
    }
}

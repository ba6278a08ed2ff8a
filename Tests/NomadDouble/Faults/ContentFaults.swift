extension IndexFault {
    func apply(to answer: inout Answer) {
        let genuine = UInt64(answer.header("X-Nomad-Index") ?? "") ?? 0
        switch self {
        case .missing: answer.setHeader("X-Nomad-Index", nil)
        case .text(let text): answer.setHeader("X-Nomad-Index", text)
        case .lower(let amount): answer.setHeader("X-Nomad-Index", String(genuine > amount ? genuine - amount : 1))
        case .higher(let amount): answer.setHeader("X-Nomad-Index", String(genuine &+ amount))
        }
    }
}

extension BodyFault {
    /// Replaces the body of `answer`, which was made of `reading`.
    func apply(to answer: inout Answer, reading: Reading) {
        switch self {
        case .bytes(let bytes): answer.body = bytes
        case .truncated: answer.body = Array(answer.body.prefix(max(1, answer.body.count / 2)))
        case .null: answer.body = Array("null".utf8)
        case .empty: answer.body = []
        case .nested(let depth):
            answer.body =
                Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        case .padded(let size):
            let padding = Array(repeating: UInt8(ascii: " "), count: max(0, size - answer.body.count))
            answer.body.insert(contentsOf: padding, at: min(1, answer.body.count))
        case .invalidUTF8:
            answer.body = Self.edit(reading) { Self.replace("Address", by: [0x22, 0xFF, 0xC0, 0x80, 0x22], in: &$0) }
        case .wrongTypes:
            answer.body = Self.edit(reading) { fields in
                Self.replace("Address", by: Array("2130706433".utf8), in: &fields)
                Self.replace("Port", by: Array("\"8080\"".utf8), in: &fields)
                Self.replace("Tags", by: Array("\"tag\"".utf8), in: &fields)
                Self.replace("CreateIndex", by: Array("true".utf8), in: &fields)
            }
        case .onlyKeys(let keys):
            answer.body = Self.edit(reading) { $0.removeAll { !keys.contains($0.key) } }
        case .unknownKeys:
            answer.body = Self.edit(reading) { fields in
                fields.append(("Weight", Array("1.5e3".utf8)))
                fields.append(("Zone", Array("{\"Rack\":[null,true,{\"Tags\":[\"x\"]}]}".utf8)))
            }
        }
    }

    private static func edit(_ reading: Reading, _ change: (inout [RegistrationJSON.Field]) -> Void) -> [UInt8] {
        JSONText.array(
            reading.rows.map {
                var fields = RegistrationJSON.fields(of: $0.registration)
                change(&fields)
                return JSONText.object(fields)
            }
        )
    }

    private static func replace(_ key: String, by value: [UInt8], in fields: inout [RegistrationJSON.Field]) {
        if let index = fields.firstIndex(where: { $0.key == key }) { fields[index].value = value }
    }
}

import FoundationEssentials

/// The bytes of the state file: `{"crc32":"xxxxxxxx","state":{…}}` and a newline, JSON in all, whose checksum is that of
/// the bytes of `state` as they stand there.
enum StateFormat {
    /// Why a file is not used.
    enum Damage: Error, Equatable, CustomStringConvertible {
        case notOurs
        case checksum
        case version(Int)
        case content(String)

        var description: String {
            switch self {
            case .notOurs: "it is no state file"
            case .checksum: "its checksum is wrong"
            case .version(let version): "it has version \(version), not \(SavedState.currentVersion)"
            case .content(let what): "its content is wrong: \(what)"
            }
        }
    }

    private static let start = Array(#"{"crc32":""#.utf8)
    private static let middle = Array(#"","state":"#.utf8)
    private static let end = Array("}\n".utf8)
    private static let digits = 8
    private static var headLength: Int { start.count + digits + middle.count }

    static func encode(_ state: SavedState) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = [UInt8](try encoder.encode(state))
        return start + hexadecimal(CRC32.of(body)) + middle + body + end
    }

    static func decode(_ bytes: [UInt8]) throws(Damage) -> SavedState {
        guard bytes.count > headLength + end.count, bytes.starts(with: start),
            bytes.suffix(end.count).elementsEqual(end), bytes[(start.count + digits)..<headLength].elementsEqual(middle)
        else { throw .notOurs }
        let body = Array(bytes[headLength..<(bytes.count - end.count)])
        guard bytes[start.count..<(start.count + digits)].elementsEqual(hexadecimal(CRC32.of(body))) else {
            throw .checksum
        }
        do {
            let version = try JSONDecoder().decode(Version.self, from: Data(body)).version
            guard version == SavedState.currentVersion else { throw Damage.version(version) }
            return try JSONDecoder().decode(SavedState.self, from: Data(body))
        } catch let damage as Damage {
            throw damage
        } catch {
            throw .content("\(error)".excerpt(200))
        }
    }

    private struct Version: Decodable { let version: Int }

    private static func hexadecimal(_ value: UInt32) -> [UInt8] {
        let text = String(value, radix: 16)
        return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
    }
}

/// CRC-32 as in zlib and PNG (ISO 3309; RFC 1952, section 8): against damage, not against forgery.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    static func of(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xFF)] }
    }
}

/// A JSON text as a tree, read by the letter of RFC 8259 and independently of the product's decoder.
public indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// As it was written: what a number means depends on who reads it.
    case number(String)
    /// Nil for a string that no reader must accept: a bad escape, half a surrogate pair, bytes that are not UTF-8, a
    /// control character. A reader that skips it may not notice.
    case string(String?)
    case array([JSONValue])
    /// In the order of the text, with keys that come twice.
    case object([(key: String?, value: JSONValue)])

    /// Deeper nesting is beyond what readers must take (RFC 8259, section 9).
    public static let deepest = 500

    public enum Problem: Error, Equatable, Sendable {
        /// Not JSON.
        case malformed
        /// Readers differ: nested deeper than they must take, a comma before a closing bracket, and digits, signs and
        /// points that are no number, in a field that they may skip.
        case open
    }

    public init(parsing bytes: [UInt8]) throws(Problem) {
        var reader = JSONReader(bytes)
        self = try reader.wholeText()
    }

    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

/// A filter over registrations in the common part of go-bexpr's language.
///
/// It knows `==`, `!=`, `in`, `not in`, `contains`, `not contains`, `is empty`, `is not empty`, `not`, `and`, `or` and
/// parentheses.
struct Filter {
    private indirect enum Expression {
        case all
        case equals(String, String)
        case contains(String, String)
        case isEmpty(String)
        case not(Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
    }

    private let expression: Expression

    /// An empty text lets everything pass.
    init(_ text: String) throws(BadParameter) {
        var parser = Parser(tokens: try Lexer.tokens(text))
        expression = parser.tokens.isEmpty ? .all : try parser.parse()
    }

    func matches(_ registration: Registration) -> Bool { Self.evaluate(expression, registration) }

    private static func evaluate(_ expression: Expression, _ row: Registration) -> Bool {
        switch expression {
        case .all: true
        case .equals(let field, let value): text(of: field, row) == value
        case .contains(let field, let value):
            field == "Tags" ? (row.tags ?? []).contains(value) : text(of: field, row).contains(value)
        case .isEmpty(let field): field == "Tags" ? (row.tags ?? []).isEmpty : text(of: field, row).isEmpty
        case .not(let inner): !evaluate(inner, row)
        case .and(let left, let right): evaluate(left, row) && evaluate(right, row)
        case .or(let left, let right): evaluate(left, row) || evaluate(right, row)
        }
    }

    private static let fields = [
        "Address", "AllocID", "Datacenter", "ID", "JobID", "Namespace", "NodeID", "Port", "ServiceName", "Tags",
    ]

    private static func text(of field: String, _ row: Registration) -> String {
        switch field {
        case "Address": row.address
        case "AllocID": row.allocID
        case "Datacenter": row.datacenter
        case "ID": row.id
        case "JobID": row.jobID
        case "Namespace": row.namespace
        case "NodeID": row.nodeID
        case "Port": String(row.port)
        default: row.serviceName
        }
    }

    private enum Lexer {
        static func tokens(_ text: String) throws(BadParameter) -> [String] {
            var tokens: [String] = []
            var rest = text[...]
            while let first = rest.first {
                if first.isWhitespace {
                    rest.removeFirst()
                } else if first == "\"" || first == "`" {
                    rest.removeFirst()
                    guard let end = rest.firstIndex(of: first) else { throw BadParameter(text: "unterminated string") }
                    tokens.append("\"" + rest[..<end])
                    rest = rest[rest.index(after: end)...]
                } else if let symbol = ["==", "!=", "(", ")"].first(where: { rest.hasPrefix($0) }) {
                    tokens.append(symbol)
                    rest.removeFirst(symbol.count)
                } else {
                    let word = rest.prefix { !$0.isWhitespace && !"()=!\"`".contains($0) }
                    guard !word.isEmpty else { throw BadParameter(text: "no match found at \(rest)") }
                    tokens.append(String(word))
                    rest.removeFirst(word.count)
                }
            }
            return tokens
        }
    }

    private struct Parser {
        var tokens: [String]

        mutating func parse() throws(BadParameter) -> Expression {
            let expression = try disjunction()
            guard tokens.isEmpty else { throw BadParameter(text: "no match found at \(tokens[0])") }
            return expression
        }

        private mutating func disjunction() throws(BadParameter) -> Expression {
            let left = try conjunction()
            return skip("or") ? .or(left, try disjunction()) : left
        }

        private mutating func conjunction() throws(BadParameter) -> Expression {
            let left = try negation()
            return skip("and") ? .and(left, try conjunction()) : left
        }

        private mutating func negation() throws(BadParameter) -> Expression {
            if skip("not") { return .not(try negation()) }
            guard skip("(") else { return try match() }
            let inner = try disjunction()
            guard skip(")") else { throw BadParameter(text: "no matching parenthesis") }
            return inner
        }

        private mutating func match() throws(BadParameter) -> Expression {
            let left = try next()
            let isNegated = skip("not")
            switch try next() {
            case "==" where !isNegated: return .equals(try field(left), try value())
            case "!=" where !isNegated: return .not(.equals(try field(left), try value()))
            case "in": return negated(isNegated, .contains(try field(try next()), Self.unquoted(left)))
            case "contains": return negated(isNegated, .contains(try field(left), try value()))
            case "is" where !isNegated:
                let isNot = skip("not")
                guard skip("empty") else { throw BadParameter(text: "expected empty") }
                return negated(isNot, .isEmpty(try field(left)))
            case let other: throw BadParameter(text: "no match found at \(other)")
            }
        }

        private func negated(_ isNegated: Bool, _ expression: Expression) -> Expression {
            isNegated ? .not(expression) : expression
        }

        private func field(_ name: String) throws(BadParameter) -> String {
            guard Filter.fields.contains(name) else {
                throw BadParameter(text: "Selector \"\(Self.unquoted(name))\" is not valid")
            }
            return name
        }

        private mutating func value() throws(BadParameter) -> String { Self.unquoted(try next()) }

        private static func unquoted(_ token: String) -> String {
            token.hasPrefix("\"") ? String(token.dropFirst()) : token
        }

        private mutating func next() throws(BadParameter) -> String {
            guard !tokens.isEmpty else { throw BadParameter(text: "unexpected end of expression") }
            return tokens.removeFirst()
        }

        private mutating func skip(_ word: String) -> Bool {
            guard tokens.first == word else { return false }
            tokens.removeFirst()
            return true
        }
    }
}

/// An error, and what was being done when it came.
struct Trouble: Error, CustomStringConvertible {
    let work: String
    let cause: any Error

    var description: String { "\(work): \(cause)" }
}

/// Does it, and names the work in its error: `blocked: round 2: connection 417: deadline`.
func during<Value>(_ work: @autoclosure () -> String, _ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch {
        throw Trouble(work: work(), cause: error)
    }
}

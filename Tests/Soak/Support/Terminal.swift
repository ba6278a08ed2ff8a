import Foundation

/// Lines for a person, at once.
enum Terminal {
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// Three places at most.
    static func number(_ value: Double) -> String {
        let text = String(format: "%.3f", value)
        return text.replacing(/\.?0+$/, with: "")
    }

    static func mebibytes(_ bytes: Int) -> String {
        String(format: "%.1f MiB", Double(bytes) / Double(1 << 20))
    }
}

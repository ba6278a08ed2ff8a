import FoundationEssentials

/// The findings as text for a person, or as JSON for a program.
struct DoctorReport: Sendable {
    let findings: [Finding]

    var exitCode: ExitCode { count(.failure) == 0 ? .clean : .failure }

    /// A line for each finding, its cure on the next, and one that counts them.
    var text: String {
        let verdictWidth = Finding.Verdict.allCases.map(\.rawValue.count).max() ?? 0
        let checkWidth = Finding.Check.allCases.map(\.rawValue.count).max() ?? 0
        var line = LineBuffer()
        for finding in findings {
            line.append(line: Self.pad(finding.verdict.rawValue, verdictWidth) + "  ")
            line.append(line: Self.pad(finding.check.rawValue, checkWidth) + "  ")
            line.append(line: finding.text)
            line.append(UInt8(ascii: "\n"))
            guard let cure = finding.cure else { continue }
            line.append(line: Self.pad("", verdictWidth + checkWidth + 4) + "\(cure.place.rawValue): ")
            line.append(line: cure.line)
            line.append(UInt8(ascii: "\n"))
        }
        line.append(line: "\(count(.ok)) ok, \(count(.warning)) to look at, \(count(.failure)) failed")
        line.append(UInt8(ascii: "\n"))
        return line.text
    }

    private struct Document: Encodable {
        let version: String
        let commit: String
        let findings: [Finding]
        let warnings: Int
        let failures: Int
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let document = Document(
            version: Version.current,
            commit: Version.commit,
            findings: findings,
            warnings: count(.warning),
            failures: count(.failure)
        )
        do {
            return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
        } catch {
            preconditionFailure("strings and numbers can be encoded: \(error)")
        }
    }

    private func count(_ verdict: Finding.Verdict) -> Int { findings.count { $0.verdict == verdict } }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

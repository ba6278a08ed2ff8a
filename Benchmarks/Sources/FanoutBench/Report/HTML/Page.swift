struct Page {
    let report: BenchReport
    var html: String { "" }
}

import HTTPServing
import Testing

@Suite struct DoorPrefixTests {
  @Test(arguments: [
    ("/dav", true), ("/dav/", true), ("/dav/x", true), ("/dav?x", true), ("/davx", false), ("/davx/", false),
    ("/da", false),
    ("/", false), ("", false), ("/x/dav", false), ("/DAV", false),
  ])
  func coversWholeSegments(_ path: String, _ isCovered: Bool) {
    #expect(DoorPrefix("/dav").covers(path) == isCovered)
  }
}

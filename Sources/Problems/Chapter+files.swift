extension ProblemPage.Chapter {
  static let files = ProblemPage.Chapter(
    title: "Files on a disk", overview: "What the disk's door says (`/dav`).",
    pages: [
      ProblemPage(
        .badPath, [400],
        "The path cannot be one of a file here.",
        "Mend the path."),
      ProblemPage(
        .malformedXML, [400],
        "The body is not the XML that this method takes.",
        "Mend the body."),
      ProblemPage(
        .truncated, [400],
        "The body is shorter than was announced; nothing was changed.",
        "Send it again."),
      ProblemPage(
        .checksumMismatch, [400],
        "What came is not what its checksum says; nothing was changed.",
        "Send it again."),
      ProblemPage(
        .readOnly, [403],
        "The disk does not take this change.",
        "Nothing is to be done."),
      ProblemPage(
        .unsupported, [403],
        "The disk's file system cannot do this.",
        "Nothing is to be done."),
      ProblemPage(
        .root, [403],
        "The disk itself is not deleted, copied or replaced through its door.",
        "Name what is in it; give the lease back to delete all."),
      ProblemPage(
        .reservedName, [403],
        "Names that begin so are the server's.",
        "Take another name."),
      ProblemPage(
        .samePlace, [403],
        "Source and destination lie in one another.",
        "Name another destination."),
      ProblemPage(
        .unknownMethod, [405],
        "The disk's door has no such method.",
        "Use one of those in `Allow`."),
      ProblemPage(
        .isFolder, [405],
        "This is a folder.",
        "Make folders with `MKCOL`, and put files into them."),
      ProblemPage(
        .exists, [405, 412],
        "Something bears this name already.",
        "Take another name, or allow it to be overwritten."),
      ProblemPage(
        .noParent, [409],
        "There is no folder to put it in.",
        "Make the folder first."),
      ProblemPage(
        .notEmpty, [409],
        "The folder is not empty.",
        "Empty it first."),
      ProblemPage(
        .notServed, [409],
        "A link or a special file bears this name.",
        "Delete it first."),
      ProblemPage(
        .otherVolume, [409],
        "This cannot be moved between subvolumes.",
        "Copy it, then delete it."),
      ProblemPage(
        .tooDeep, [409],
        "Folders that are nested so deep are not copied.",
        "Copy them in parts."),
      ProblemPage(
        .uploadOffset, [409],
        "The upload goes on at another byte.",
        "Go on at `Upload-Offset`."),
      ProblemPage(
        .preconditionFailed, [412],
        "The file is not in the state that the request names.",
        "Read it again, and decide anew."),
      ProblemPage(
        .nameTooLong, [414],
        "A name has at most 255 bytes, a path 4,095.",
        "Take a shorter name."),
      ProblemPage(
        .bodyRefused, [415],
        "`MKCOL` takes no body.",
        "Send none."),
      ProblemPage(
        .contentEncoding, [415],
        "A file is kept as it is sent.",
        "Send it without `Content-Encoding`."),
      ProblemPage(
        .rangeNotSatisfiable, [416],
        "The file has no such part.",
        "Look at `Content-Range`."),
      ProblemPage(
        .badLock, [422],
        "Only write locks can be taken.",
        "Ask for a write lock."),
      ProblemPage(
        .noConflictingLock, [423],
        "This, or something in it, is locked.",
        "Wait until the lock is over."),
      ProblemPage(
        .lockTokenSubmitted, [423],
        "This is locked, and the lock's token was not shown.",
        "Show it in `If`, or wait until the lock is over."),
      ProblemPage(
        .lockTokenMatchesRequestUri, [409, 412],
        "No such lock covers this.",
        "Take the lock anew."),
      ProblemPage(
        .diskFailure, [500],
        "The disk failed.",
        "Tell the provider the value of `request`."),
      ProblemPage(
        .otherServer, [502],
        "The destination is on another server.",
        "Copy within the lease."),
      ProblemPage(
        .busy, [503],
        "The file is in use at this moment.",
        "Send the request again after `Retry-After`."),
      ProblemPage(
        .stopped, [503],
        "The disk stopped serving meanwhile.",
        "Send the request again after `Retry-After`."),
      ProblemPage(
        .stopping, [503],
        "The daemon is about to stop.",
        "Send the request again after `Retry-After`."),
      ProblemPage(
        .noSpace, [507],
        "The disk is full; nothing was changed.",
        "Delete something, or change to a larger offer."),
      ProblemPage(
        .tooManyProperties, [507],
        "A file or folder has as many properties as it may.",
        "Remove some."),
      ProblemPage(
        .tooManyLocks, [507],
        "There are as many locks as there may be.",
        "Take off some."),
    ])
}

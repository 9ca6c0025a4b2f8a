import Testing
import Units

@Suite struct CivilDateTests {
  @Test func daysAndDatesLeadToEachOther() {
    for day in stride(from: Int64(-800_000), to: 3_000_000, by: 97) {
      #expect(CivilDate(day: day).daysSince1970 == day)
    }
  }

  @Test func knownDaysHaveTheirDates() {
    #expect(CivilDate(day: 0) == CivilDate(year: 1970, month: 1, day: 1))
    #expect(CivilDate(day: -1) == CivilDate(year: 1969, month: 12, day: 31))
    #expect(CivilDate(day: 11_016) == CivilDate(year: 2000, month: 2, day: 29))
    #expect(CivilDate(day: 47_541) == CivilDate(year: 2100, month: 3, day: 1))
  }

  @Test func centuriesAreLeapYearsOnceInFour() {
    #expect(CivilDate.daysInMonth(2000, 2) == 29)
    #expect(CivilDate.daysInMonth(2100, 2) == 28)
    #expect(CivilDate.daysInMonth(2028, 2) == 29)
  }
}

package passenger

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/test/idnumber"
)

// Person is an applicant made up for the benchmark. The number has a valid form,
// or the issuer would refuse it; the birth date lies in 1900 to 1909, so that it
// belongs to nobody who could use it today.
type Person struct{ Name, Number string }

// region is the six-digit region with which every number begins. It is another
// than that of the load test, so that the two never use up each other's quota.
const region = "110108"

const (
	birthdays = 3652 // days of ten years
	orders    = 1000 // numbers of each day
	// People is how many different ones there are.
	People = birthdays * orders
	// stride has no factor in common with People: neighbours are spread, and
	// nobody comes twice. As a database's rows they are in no order.
	stride = 1_618_033
)

var names = [...]string{"测试甲", "测试乙", "测试丙", "测试丁", "测试戊"}

// NewPerson is the n-th person; n is 0 to People-1. The same number is the same
// person, and no two are alike.
func NewPerson(n int) Person {
	which := n * stride % People
	born := time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, which/orders)
	digits := fmt.Sprintf("%s%s%03d", region, born.Format("20060102"), which%orders)
	return Person{names[n%len(names)], idnumber.Complete(digits)}
}

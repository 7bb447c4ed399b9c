package loadtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/railgate/railgate/test/idnumber"
)

// person is an applicant made up for the test. The number has a valid form, or
// the issuer would refuse it; the birth date lies in 1900 to 1909, so that it
// belongs to nobody who could use it today.
type person struct{ name, number string }

// testRegion is the six-digit region with which every test number begins.
const testRegion = "110105"

var testNames = [...]string{"测试甲", "测试乙", "测试丙", "测试丁", "测试戊"}

func newPerson(random *rand.Rand) person {
	born := time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(3650))
	digits := fmt.Sprintf("%s%s%03d", testRegion, born.Format("20060102"), random.IntN(1000))
	return person{
		name:   testNames[random.IntN(len(testNames))],
		number: idnumber.Complete(digits),
	}
}

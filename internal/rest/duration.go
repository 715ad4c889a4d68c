package rest

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is how clients read and write a duration: as ISO 8601 has it, in days of 24
// hours, hours, minutes and seconds, such as PT1H30M. It is exact to the nanosecond.
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) {
	if d == 0 {
		return []byte("PT0S"), nil
	}
	n, text := uint64(d), "PT" //nolint:gosec // as bits
	if d < 0 {
		n, text = -n, "-PT"
	}
	if hours := n / uint64(time.Hour); hours > 0 {
		text += strconv.FormatUint(hours, 10) + "H"
	}
	if minutes := n / uint64(time.Minute) % 60; minutes > 0 {
		text += strconv.FormatUint(minutes, 10) + "M"
	}
	if rest := n % uint64(time.Minute); rest > 0 {
		seconds := fmt.Sprintf("%d.%09d", rest/uint64(time.Second), rest%uint64(time.Second))
		text += strings.TrimSuffix(strings.TrimRight(seconds, "0"), ".") + "S"
	}
	return []byte(text), nil
}

// DurationPattern is what [Duration] reads.
const DurationPattern = `^-?P([0-9]{1,9}D)?(T([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}(\.[0-9]{1,9})?S)?)?$`

var duration = regexp.MustCompile(`^(-?)P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.([0-9]{1,9}))?S)?)?$`)

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	parts := duration.FindStringSubmatch(string(text))
	if parts == nil || strings.HasSuffix(string(text), "P") || strings.HasSuffix(string(text), "T") {
		return errDuration
	}
	exact, fits := int64(0), true
	add := func(number string, unit time.Duration) {
		n, _ := strconv.ParseInt("0"+number, 10, 64) // of nine digits at most
		if fits = fits && n <= (math.MaxInt64-exact)/int64(unit); fits {
			exact += n * int64(unit)
		}
	}
	add(parts[2], 24*time.Hour)
	add(parts[3], time.Hour)
	add(parts[4], time.Minute)
	add(parts[5], time.Second)
	if parts[6] != "" {
		add((parts[6] + "00000000")[:9], time.Nanosecond)
	}
	if !fits {
		return errDuration
	}
	if parts[1] != "" {
		exact = -exact
	}
	*d = Duration(exact)
	return nil
}

var errDuration = errors.New("expected a duration of ISO 8601, such as PT1H30M")

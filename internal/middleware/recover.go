package middleware

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5/middleware"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

// Recover answers a panic with a 500 problem, and logs it with its stack. Once the
// answer has begun nothing truthful can be added to it: the connection is
// aborted instead, which no client takes for an end. [http.ErrAbortHandler] goes
// on as it is.
//
// It must come after AccessLog, and before whatever ends a transaction: a panic
// rolls back.
func Recover(pw *problem.Writer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http knows it by identity, too
					panic(v)
				}
				err := fault.New(fault.Internal, "", "panic").With(fmt.Errorf("%v\n\n%s", v, debug.Stack()))
				if answer.Status() != 0 {
					_ = pw.Report(r.Context(), err)
					panic(http.ErrAbortHandler)
				}
				pw.Write(answer, r, err)
			}()
			next.ServeHTTP(answer, r)
		})
	}
}

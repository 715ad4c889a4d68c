// Package jobs does work that must be done, after the request that wants it. A job is a
// row that the request's own transaction inserts: it exists if and only if that is
// committed. Workers, in this process or another one, then run it at least once, until
// it succeeds or has failed too often. The queue is River's; its documentation says what
// args, workers and options can do.
//
// In a handler, or any other unit of work:
//
//	err := jobs.Enqueue(ctx, WelcomeArgs{UserID: id})
//
// In a worker, [In] runs the effect that a job has in the database:
//
//	func (w *welcome) Work(ctx context.Context, job *river.Job[WelcomeArgs]) error {
//		return jobs.In(ctx, job, func(ctx context.Context) error {
//			return ent.FromContext(ctx).User.UpdateOneID(job.Args.UserID).SetWelcomed(true).Exec(ctx)
//		})
//	}
//
// The effect and the completion of the job are committed together, so the effect happens
// exactly once, however often the job runs. What a worker does outside of the database
// may happen more than once.
//
// The tenant and the subject of the unit of work travel with the job: the worker's
// context has them, and In enters the tenant.
package jobs

//! Tables, figures, the page and the finding, made from the files of a run folder alone.
//!
//! # What is read
//!
//! `run.json`, `marks.jsonl.gz` and `watched.jsonl.gz` of each observation folder; `reads.csv` (lanes and staleness
//! come from it); and of what `wb measure` writes:
//!
//! * `measurements.csv`. Measures used here, `KIND` being a kind of read and `CLASS` a class of [`crate::judge`]:
//!   `share.KIND.CLASS` (share of time, 0 to 1), `reads.KIND` (how many), `staleness.KIND.p50|p99|max` (us), `regressed`,
//!   `latency.STOP.p50|p90|p99|p99.9|max|n|censored|within` (STOP = `speed`, `batch`, `right`; us, counts, a share),
//!   `cost.*` and `code.*` of this package.
//! * `measures/latency-ccdf.csv`: `workload,faults,contestant,repeat,stop,corrected,latency_us,share_above,n,censored`.
//! * `measures/latency-time.csv`: `workload,faults,contestant,repeat,stop,at_us,p50_us,p99_us,max_us,n`, a row each 20 ms.
//! * `measures/witnesses.csv`:
//!   `witness,workload,contestant,repeat,which,read,view,key,claimed,class,signature,served,truth,prefix,command`.

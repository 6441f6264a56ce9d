{{ config(unique_key='report_id') }}

with newest as (
    {{ newest_version(source('google_analytics', 'report'), 'stream, first_day, asked_at', '_loaded_at') }}
)

select
    concat_ws('|', stream, first_day, strftime(asked_at, '%Y%m%dT%H%M%S%f')) as report_id,
    stream,
    first_day,
    last_day,
    asked_at::timestamp as asked_at,
    row_count,
    data_loss_from_other_row as has_other_row,
    subject_to_thresholding as is_thresholded,
    samples_read / nullif(sampling_space, 0) as sampled_share,
    tokens_consumed,
    tokens_left_of_day,
    tokens_left_of_hour,
    tokens_left_of_project_hour,
    _load_id,
    _loaded_at::timestamp as _loaded_at
from newest

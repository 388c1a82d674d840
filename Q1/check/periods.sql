-- The first day of the period that a day lies in; weeks begin on the day of that number, Monday 0.
CREATE MACRO start_of(day, period, week_day) AS
CASE period
    WHEN 'day' THEN day
    WHEN 'month' THEN date_trunc('month', day)::date
    ELSE day - ((isodow(day) - 1 - week_day + 7) % 7)::integer
END;

-- The first day so many periods after a first day.
CREATE MACRO periods_after(start, period, number) AS
CASE period
    WHEN 'day' THEN start + number::integer
    WHEN 'month' THEN (start + to_months(number::integer))::date
    ELSE start + 7 * number::integer
END;

-- How many periods lie between two first days.
CREATE MACRO periods_between(start, later, period) AS
CASE period
    WHEN 'day' THEN later - start
    WHEN 'month' THEN date_diff('month', start, later)
    ELSE (later - start) // 7
END;
